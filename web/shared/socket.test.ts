import { beforeEach, describe, expect, it } from 'vitest'
import { Socket, socketUrl, type LinkState } from './socket'
import type { ServerMessage } from './protocol'
import { sample } from './samples'

/** A wire and a clock that the test moves. */
class Wire {
  readyState = 0
  sent: string[] = []
  closed = false
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  send(text: string) {
    this.sent.push(text)
  }
  close() {
    this.closed = true
  }
  opens() {
    this.readyState = 1
    this.onopen?.()
  }
  says(message: unknown) {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  drops(code = 1006) {
    this.onclose?.({ code })
  }
  get types() {
    return this.sent.map((text) => (JSON.parse(text) as { type: string }).type)
  }
}

let wires: Wire[]
let links: LinkState[]
let heard: ServerMessage[]
let latencies: number[]
let now: number
let timers: { at: number; what: () => void }[]
let socket: Socket

const last = () => wires[wires.length - 1]!
const link = () => links[links.length - 1]!

function pass(ms: number) {
  const end = now + ms
  for (;;) {
    const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
    if (due === undefined) break
    timers = timers.filter((one) => one !== due)
    now = due.at
    due.what()
  }
  now = end
}

beforeEach(() => {
  wires = []
  links = []
  heard = []
  latencies = []
  now = 1_000
  timers = []
  socket = new Socket({
    url: 'ws://x/ws',
    token: () => 'T',
    onMessage: (message) => heard.push(message),
    onLink: (state) => links.push(state),
    onLatency: (ms) => latencies.push(ms),
    world: {
      connect: () => {
        const wire = new Wire()
        wires.push(wire)
        return wire as unknown as WebSocket
      },
      now: () => now,
      chance: () => 0.5,
      later: (ms, what) => {
        const one = { at: now + ms, what }
        timers.push(one)
        return () => {
          timers = timers.filter((other) => other !== one)
        }
      },
    },
  })
  socket.open()
})

const welcomed = () => {
  last().opens()
  last().says(sample('server-welcome'))
}

describe('the socket', () => {
  it('says hello with the token, then pings and tells how long that took', () => {
    welcomed()
    expect(last().types).toEqual(['hello', 'ping'])
    pass(86)
    last().says({ type: 'pong', n: 1, now: 5 })
    expect(latencies).toEqual([86])
    pass(25_000)
    expect(last().types).toEqual(['hello', 'ping', 'ping'])
  })

  it('sends nothing before it was welcomed', () => {
    last().opens()
    expect(socket.send({ type: 'next', attempt: 'A' })).toBe(false)
    expect(last().types).toEqual(['hello'])
  })

  it('comes back by itself, with growing pauses', () => {
    const pauses: number[] = []
    for (let i = 0; i < 6; i++) {
      last().drops()
      const state = link()
      if (state.is !== 'waiting') throw new Error(state.is)
      pauses.push(state.retryAt - now)
      pass(state.retryAt - now)
    }
    expect(pauses).toEqual([375, 750, 1500, 3000, 6000, 6000])
    expect(wires).toHaveLength(7)
  })

  it('after a welcome the pauses are short again', () => {
    last().drops()
    pass(375)
    welcomed()
    last().drops()
    expect(link()).toMatchObject({ is: 'waiting', attempt: 1 })
  })

  it('a ping without an answer means that the network is gone', () => {
    welcomed()
    pass(6_000)
    expect(link().is).toBe('waiting')
    expect(wires[0]!.closed).toBe(true)
  })

  it('a server that never welcomes is given up', () => {
    last().opens()
    pass(10_000)
    expect(link().is).toBe('waiting')
  })

  it('stays away after 4001 until it is asked back', () => {
    welcomed()
    last().says({ type: 'superseded' })
    last().drops(4001)
    pass(600_000)
    expect(link().is).toBe('superseded')
    expect(wires).toHaveLength(1)
    socket.open()
    expect(wires).toHaveLength(2)
  })

  it('stays away when only the close code says 4001', () => {
    welcomed()
    last().drops(4001)
    expect(link().is).toBe('superseded')
  })

  it('comes back when a draining server said it should', () => {
    welcomed()
    last().says({ type: 'reconnect', after_ms: 1840 })
    last().drops(1012)
    expect(link()).toMatchObject({ is: 'waiting', retryAt: now + 1840 })
  })

  it('wakes at once when the network is back', () => {
    last().drops()
    socket.wake()
    expect(wires).toHaveLength(2)
    pass(10)
    expect(wires).toHaveLength(2)
  })

  it('does not wait for a ping when the system says that the network is gone', () => {
    welcomed()
    socket.lost()
    expect(link().is).toBe('waiting')
  })

  it('a refused hello is told and tried again when the server says', () => {
    last().opens()
    last().says({ type: 'error', code: 'unavailable', message: '', retry_after_ms: 3_000 })
    expect(heard.map(({ type }) => type)).toEqual(['error'])
    expect(link()).toMatchObject({ is: 'waiting', retryAt: now + 3_000 })
  })

  it('passes over what an abandoned connection still says', () => {
    welcomed()
    const old = last()
    const { onmessage } = old
    socket.open()
    onmessage?.({ data: JSON.stringify(sample('server-result')) })
    expect(heard.map(({ type }) => type)).toEqual(['welcome'])
  })

  it('goes by the address of the page', () => {
    expect(socketUrl({ protocol: 'https:', host: 'a.cn' })).toBe('wss://a.cn/ws')
    expect(socketUrl({ protocol: 'http:', host: 'a.cn:8080' })).toBe('ws://a.cn:8080/ws')
  })
})

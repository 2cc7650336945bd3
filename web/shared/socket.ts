// One WebSocket to the server, kept alive. It says hello (which also resumes), pings, notices silence, comes back
// by itself with growing, jittered pauses, and stays away after 4001 until the person asks.
import { BASE } from './base'
import { SUBPROTOCOL, parseServerMessage, type ClientMessage, type ServerMessage } from './protocol'

/** `connecting` covers everything up to `welcome`. `waiting`: dropped, next try at `retryAt`. */
export type LinkState =
  | { is: 'idle' }
  | { is: 'connecting'; attempt: number }
  | { is: 'online' }
  | { is: 'waiting'; retryAt: number; attempt: number }
  | { is: 'superseded' }

export interface SocketOptions {
  url: string
  /** Asked for at each hello. Null: a spectator. */
  token: () => string | null
  onMessage: (message: ServerMessage, at: number) => void
  onLink: (link: LinkState) => void
  /** The round trip of a ping, in milliseconds. */
  onLatency?: (ms: number) => void
  /** What the world provides; tests bring their own. */
  world?: Partial<World>
}

export interface World {
  connect: (url: string, protocol: string) => WebSocket
  now: () => number
  later: (ms: number, what: () => void) => () => void
  /** In [0, 1). */
  chance: () => number
}

const FIRST_PAUSE_MS = 500
/** Low, because a question's clock runs on while we are away. */
const LONGEST_PAUSE_MS = 8_000
/** From dialling to `welcome`. The server gives a slow hello 10 s, too. */
const WELCOME_WITHIN_MS = 10_000
/** An unanswered ping means a dead network that nobody told us about. */
const PONG_WITHIN_MS = 6_000
/** What `ping_ms` says, should it ever be missing. */
const USUAL_PING_MS = 25_000
const CLOSE_SUPERSEDED = 4001
const CLOSE_DRAINING = 1012

const browser: World = {
  connect: (url, protocol) => new WebSocket(url, protocol),
  now: () => Date.now(),
  later: (ms, what) => {
    const timer = setTimeout(what, ms)
    return () => clearTimeout(timer)
  },
  chance: () => Math.random(),
}

export class Socket {
  private readonly world: World
  private socket: WebSocket | null = null
  private link: LinkState = { is: 'idle' }
  private failures = 0
  /** Set by `reconnect`: how long the draining server wants us away. */
  private askedPause: number | null = null
  private pings = 0
  private pingMs = USUAL_PING_MS
  private pingSentAt: number | null = null
  private cancelPing = () => {}
  private cancelDeadline = () => {}
  private cancelRetry = () => {}

  constructor(private readonly options: SocketOptions) {
    this.world = { ...browser, ...options.world }
  }

  get online(): boolean {
    return this.link.is === 'online'
  }

  /** Connect, or connect afresh: with another token, or because the person wants to go on here. */
  open(): void {
    this.failures = 0
    this.askedPause = null
    this.hangUp()
    this.dial()
  }

  /** Stay away until `open`. */
  close(): void {
    this.hangUp()
    this.become({ is: 'idle' })
  }

  /** False: not online. Nothing is queued here; what is owed is sent again after `welcome`. */
  send(message: ClientMessage): boolean {
    if (!this.online || this.socket?.readyState !== 1) return false
    this.socket.send(JSON.stringify(message))
    return true
  }

  /** The network came back or the page is looked at again: find out now, not at the next beat. */
  wake(): void {
    if (this.link.is === 'waiting') {
      this.cancelRetry()
      this.dial()
    } else if (this.link.is === 'online') {
      this.ping()
    }
  }

  /** The system says that the network is gone: don't wait for a ping to find out. */
  lost(): void {
    if (this.link.is === 'online' || this.link.is === 'connecting') this.retry()
  }

  private dial(): void {
    this.become({ is: 'connecting', attempt: this.failures })
    let socket: WebSocket
    try {
      socket = this.world.connect(this.options.url, SUBPROTOCOL)
    } catch {
      this.retry()
      return
    }
    this.socket = socket
    // Each handler first asks whether it still speaks for the socket in use.
    socket.onopen = () => {
      if (this.socket !== socket) return
      const token = this.options.token()
      const hello: ClientMessage = token === null ? { type: 'hello' } : { type: 'hello', token }
      socket.send(JSON.stringify(hello))
    }
    socket.onmessage = (event: MessageEvent) => {
      if (this.socket === socket && typeof event.data === 'string') this.hear(event.data)
    }
    socket.onclose = (event: CloseEvent) => {
      if (this.socket !== socket) return
      if (event.code === CLOSE_SUPERSEDED) this.yieldPlace()
      else this.retry(event.code === CLOSE_DRAINING)
    }
    this.cancelDeadline = this.world.later(WELCOME_WITHIN_MS, () => this.retry())
  }

  private hear(frame: string): void {
    const message = parseServerMessage(frame)
    if (message === null) return
    switch (message.type) {
      case 'welcome':
        this.cancelDeadline()
        this.failures = 0
        this.pingMs = message.ping_ms > 0 ? message.ping_ms : USUAL_PING_MS
        this.become({ is: 'online' })
        break
      case 'pong':
        this.pong(message.n)
        break
      case 'reconnect':
        this.askedPause = message.after_ms
        break
      case 'superseded':
        this.options.onMessage(message, this.world.now())
        this.yieldPlace()
        return
      case 'error':
        if (this.link.is !== 'connecting') break
        // The hello itself was refused. Whoever listens may close us (an unknown token); else we ask again later.
        this.options.onMessage(message, this.world.now())
        this.askedPause = message.retry_after_ms ?? null
        if (this.socket !== null) this.retry()
        return
      default:
        break
    }
    this.options.onMessage(message, this.world.now())
    if (message.type === 'welcome' && this.online) this.ping()
  }

  private ping(): void {
    this.cancelPing()
    this.cancelPing = this.world.later(this.pingMs, () => this.ping())
    if (this.pingSentAt !== null) return // its answer is still awaited, and its deadline runs
    this.pings += 1
    this.pingSentAt = this.world.now()
    if (!this.send({ type: 'ping', n: this.pings })) {
      this.retry()
      return
    }
    this.cancelDeadline = this.world.later(PONG_WITHIN_MS, () => this.retry())
  }

  private pong(n: number): void {
    if (n !== this.pings || this.pingSentAt === null) return
    this.cancelDeadline()
    this.options.onLatency?.(this.world.now() - this.pingSentAt)
    this.pingSentAt = null
  }

  private retry(draining = false): void {
    this.hangUp()
    // Doubling pauses, each anywhere between its half and its whole, so that a city does not come back at once.
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.failures, 10))
    const jittered = pause * (0.5 + this.world.chance() / 2)
    const wait = this.askedPause ?? (draining ? Math.max(jittered, 1_000) : jittered)
    this.askedPause = null
    this.failures += 1
    this.become({ is: 'waiting', retryAt: this.world.now() + wait, attempt: this.failures })
    this.cancelRetry = this.world.later(wait, () => this.dial())
  }

  private yieldPlace(): void {
    this.hangUp()
    this.become({ is: 'superseded' })
  }

  private hangUp(): void {
    this.cancelPing()
    this.cancelDeadline()
    this.cancelRetry()
    this.pingSentAt = null
    const socket = this.socket
    this.socket = null
    if (socket !== null) {
      socket.onopen = socket.onmessage = socket.onclose = null
      // A half-dead connection may take minutes to close; nobody waits for it.
      socket.close(1000)
    }
  }

  private become(link: LinkState): void {
    this.link = link
    this.options.onLink(link)
  }
}

/** The address of the socket that belongs to the page. */
export function socketUrl(location: { protocol: string; host: string }): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${BASE}/ws`
}

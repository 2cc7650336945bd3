// Where boards come from: the socket as a spectator, or, while it is away, asking by HTTP every few seconds.
import { api, ApiError } from '../shared/api'
import type { ServerMessage } from '../shared/protocol'
import { Socket, socketUrl } from '../shared/socket'
import type { BoardsEvent, Wanted } from './state/reducer'
import { PEOPLE_A_PAGE, PEOPLE_SHOWN_MAX } from './state/select'

/** Often enough to look alive, seldom enough that a hall full of screens is no load. */
const POLL_MS = 5_000
/** Windows open and close, rounds settle: the season is asked for again. */
const SEASON_MS = 60_000
/** While there is no season at all. */
const SEASON_RETRY_MS = 5_000
/** A later page that was fetched less than this ago is fresh enough to be turned back to. */
const FAR_FRESH_MS = 4_000

export class Feed {
  private readonly socket: Socket
  private wanted: Wanted[] = []
  /** A later page of people is on show. */
  private far = false
  private farAt = new Map<string, number>()
  private watched = new Map<string, Wanted>()
  private asking = new Set<string>()
  /** The server did not take a watch; until it takes others, that board is asked for by HTTP, which also says why. */
  private refused = false
  private seasonId: string | null = null

  constructor(
    private readonly tell: (event: BoardsEvent) => void,
    private readonly serverTime: (now: number) => void,
  ) {
    this.socket = new Socket({
      url: socketUrl(window.location),
      token: () => null,
      onMessage: (message) => this.hear(message),
      onLink: (link) => {
        if (link.is !== 'online') this.watched.clear()
        this.tell({ type: 'link', link: link.is })
      },
    })
  }

  start(): void {
    this.socket.open()
    void this.askSeason()
    window.setInterval(() => this.poll(), POLL_MS)
    window.addEventListener('online', () => this.socket.wake())
    window.addEventListener('offline', () => this.socket.lost())
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return
      this.socket.wake()
      this.poll()
    })
  }

  /** Called with each change of what the page shows. */
  follow(wanted: Wanted[], far: boolean): void {
    const fresh = wanted.filter((one) => !this.wanted.some((other) => keyOf(other) === keyOf(one)))
    this.wanted = wanted
    this.far = far
    if (this.socket.online) this.watch()
    else fresh.forEach((one) => void this.ask(one, false))
    if (far) this.askFar()
  }

  private watch(): void {
    const keys = new Set(this.wanted.map(keyOf))
    for (const [key, one] of this.watched) {
      if (keys.has(key)) continue
      this.watched.delete(key)
      this.socket.send({ type: 'unwatch', ...one })
    }
    for (const one of this.wanted) {
      if (this.watched.has(keyOf(one))) continue
      if (!this.socket.send({ type: 'watch', ...one })) continue
      this.watched.set(keyOf(one), one)
      this.refused = false
    }
  }

  private hear(message: ServerMessage): void {
    if (message.type === 'welcome') {
      this.serverTime(message.now)
      this.watch()
      if (message.season !== this.seasonId) void this.askSeason()
    }
    if (message.type === 'pong') this.serverTime(message.now)
    if (message.type === 'error' && message.re?.type === 'watch') {
      this.refused = true
      this.poll()
      return
    }
    this.tell({ type: 'message', message })
  }

  private poll(): void {
    if ((this.socket.online && !this.refused) || document.hidden) return
    this.wanted.forEach((one) => void this.ask(one, false))
    if (this.far) this.askFar()
  }

  private askFar(): void {
    const people = this.wanted.find(({ board }) => board !== 'cities')
    if (people === undefined) return
    const at = this.farAt.get(keyOf(people))
    if (at === undefined || Date.now() - at > FAR_FRESH_MS) void this.ask(people, true)
  }

  private async ask(one: Wanted, far: boolean): Promise<void> {
    const errand = `${keyOf(one)}|${far ? 'far' : ''}`
    if (this.asking.has(errand)) return
    this.asking.add(errand)
    if (far) this.farAt.set(keyOf(one), Date.now())
    try {
      const { board, ...query } = one
      const limit = far ? PEOPLE_SHOWN_MAX : PEOPLE_A_PAGE
      this.tell({ type: 'fetched', board: board === 'cities' ? await api.cities(query) : await api.board(board, { ...query, limit }), far })
    } catch (error) {
      if (far) this.farAt.delete(keyOf(one))
      this.tell({ type: 'refused', wanted: one, ...reason(error) })
    } finally {
      this.asking.delete(errand)
    }
  }

  private async askSeason(): Promise<void> {
    if (this.asking.has('season')) return
    this.asking.add('season')
    let again = SEASON_MS
    try {
      const season = await api.season()
      this.seasonId = season.id
      this.serverTime(season.now)
      this.tell({ type: 'season', season })
    } catch (error) {
      if (this.seasonId === null) again = SEASON_RETRY_MS
      this.tell({ type: 'season_failed', ...reason(error) })
    } finally {
      this.asking.delete('season')
      window.clearTimeout(this.seasonTimer)
      this.seasonTimer = window.setTimeout(() => void this.askSeason(), again)
    }
  }

  private seasonTimer = 0
}

const keyOf = ({ board, round, by }: Wanted) => [board, round ?? '', by ?? ''].join('|')

function reason(error: unknown): { code: string; sentence: string } {
  if (error instanceof ApiError) return { code: error.code, sentence: error.message }
  return { code: 'unavailable', sentence: '出了点问题，请刷新页面再试。' }
}

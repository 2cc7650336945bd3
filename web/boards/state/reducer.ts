// Everything the page knows, and how a message, an answer or a hand changes it. Pure: sockets, fetches and timers
// stand in feed.ts and store.ts, and only bring events here.
import type { LinkState } from '../../shared/socket'
import type { Board, CitiesBoard, CitiesEntry, NoticeMessage, Season, ServerMessage } from '../../shared/protocol'
import { HOME, readPlace, type Address } from './address'
import { pageCount, wantedCities, wantedPeople } from './select'

/** As `CitiesEntry`; a place with too few participants has no value, and an older server leaves out its rank too. */
export type CityStanding = Omit<CitiesEntry, 'value' | 'rank'> & { value?: number | null; rank?: number | null }
export type CityBoard = Omit<CitiesBoard, 'entries'> & { entries: CityStanding[] }

/** What is asked of the server, over the socket or by HTTP. */
export interface Wanted {
  board: string
  round?: string
  by?: string
}

export interface BoardsState {
  season: Season | null
  /** Why there is no season to show, in words. */
  seasonTrouble: string | null
  address: Address
  /** The rows that a page of the table of cities holds. */
  cityRows: number
  page: number
  cities: CityBoard | null
  /** The first twenty, as the socket sends them. */
  people: Board | null
  /** The first hundred, as HTTP gives them when a later page is turned to. */
  peopleFar: Board | null
  /** Why the wanted board did not come, in words. */
  boardTrouble: string | null
  link: 'connecting' | 'live' | 'away'
  /** How asking by HTTP went while the socket was away. */
  polled: 'not_yet' | 'fine' | 'failed'
  notice: NoticeMessage | null
}

export type BoardsEvent =
  | { type: 'season'; season: Season }
  | { type: 'season_failed'; sentence: string }
  | { type: 'message'; message: ServerMessage }
  | { type: 'link'; link: LinkState['is'] }
  | { type: 'fetched'; board: Board | CityBoard; far: boolean }
  | { type: 'refused'; wanted: Wanted; code: string; sentence: string }
  | { type: 'went'; to: Partial<Address> }
  | { type: 'turned'; by: 1 | -1 }
  | { type: 'fits'; cityRows: number }
  | { type: 'notice_read' }

export function begin(address: Address = HOME): BoardsState {
  return {
    season: null,
    seasonTrouble: null,
    address,
    cityRows: Infinity,
    page: 0,
    cities: null,
    people: null,
    peopleFar: null,
    boardTrouble: null,
    link: 'connecting',
    polled: 'not_yet',
    notice: null,
  }
}

export function reduce(state: BoardsState, event: BoardsEvent): BoardsState {
  switch (event.type) {
    case 'season':
      return settle(event.season, state)
    case 'season_failed':
      // With a season at hand the page goes on; what is missing shows in the feed's own line.
      return state.season === null ? { ...state, seasonTrouble: event.sentence } : state
    case 'message':
      return hear(state, event.message)
    case 'link':
      return { ...state, link: linkOf(event.link, state.link), polled: event.link === 'online' ? 'not_yet' : state.polled }
    case 'fetched':
      return { ...take(state, event.board, event.far), polled: 'fine' }
    case 'refused':
      return refuse(state, event)
    case 'went':
      return go(state, event.to)
    case 'turned':
      return turn(state, event.by)
    case 'fits':
      return onPage({ ...state, cityRows: event.cityRows })
    case 'notice_read':
      return { ...state, notice: null }
    default:
      return event satisfies never
  }
}

/** The season is the measure of the address: what it does not know falls back to what it has. */
function settle(season: Season, before: BoardsState): BoardsState {
  const state = before.season !== null && before.season.id !== season.id ? { ...begin(before.address), link: before.link, cityRows: before.cityRows } : before
  const { address } = state
  const knownRound = season.rounds.some(({ id, counts }) => id === address.round && counts)
  // Without residents for each city the server has no `per_10k`; then its own first choice is ours.
  const peopled = season.cities.every(({ population }) => population !== undefined)
  return {
    ...state,
    season,
    seasonTrouble: null,
    address: {
      ...address,
      view: known(address.view, season) ? address.view : HOME.view,
      round: knownRound ? address.round : undefined,
      by: address.by ?? (peopled ? 'per_10k' : undefined),
    },
  }
}

function known(view: string, season: Season): boolean {
  const { city, county, group } = readPlace(view)
  return (
    (city === undefined || season.cities.some(({ code }) => code === city)) &&
    (county === undefined || season.cities.some(({ counties }) => counties.some(({ code }) => code === county))) &&
    (group === undefined || season.groups.some(({ id }) => id === group))
  )
}

function hear(state: BoardsState, message: ServerMessage): BoardsState {
  switch (message.type) {
    case 'board':
      return take(state, message)
    case 'notice':
      return { ...state, notice: message }
    default:
      return state // a spectator has no papers, and the clock is the store's
  }
}

/** A board is taken only while it is wanted, and never goes back in time. */
function take(state: BoardsState, board: Board | CityBoard, far = false): BoardsState {
  if ('by' in board) {
    const wanted = wantedCities(state)
    if (wanted === null || (wanted.by !== undefined && wanted.by !== board.by) || differs(wanted.round, board.round)) return state
    const shown = state.cities
    const same = shown !== null && shown.by === board.by && !differs(shown.round, board.round)
    if (same && older(board, shown)) return state
    const address = { ...state.address, by: board.by }
    return onPage({ ...state, cities: board, address, boardTrouble: null })
  }
  const wanted = wantedPeople(state)
  if (wanted === null || wanted.board !== board.scope || differs(wanted.round, board.round)) return state
  if (far) {
    if (state.peopleFar !== null && older(board, state.peopleFar)) return state
    return onPage({ ...state, peopleFar: board, boardTrouble: null })
  }
  if (state.people !== null && older(board, state.people)) return state
  return onPage({ ...state, people: board, boardTrouble: null })
}

// By time first: after a restart a server may count its revisions anew.
const older = (a: { as_of: number; revision: number }, b: { as_of: number; revision: number }) =>
  a.as_of < b.as_of || (a.as_of === b.as_of && a.revision < b.revision)

/** The wire leaves out what is not set; a server that says `null` means the same. */
const differs = (a: string | null | undefined, b: string | null | undefined) => (a ?? undefined) !== (b ?? undefined)

function refuse(state: BoardsState, { wanted, code, sentence }: { wanted: Wanted; code: string; sentence: string }): BoardsState {
  if (code === 'offline') return { ...state, polled: 'failed' }
  const asked = wanted.board === 'cities' ? wantedCities(state) : wantedPeople(state)
  if (asked === null || asked.board !== wanted.board || differs(asked.by, wanted.by) || differs(asked.round, wanted.round)) return state
  // An index that this season does not have, from an old address: let the server choose.
  const mistaken = wanted.board === 'cities' && wanted.by !== undefined && (code === 'bad_request' || code === 'not_found')
  if (mistaken) return { ...state, address: { ...state.address, by: state.cities?.by } }
  return { ...state, boardTrouble: sentence }
}

function go(state: BoardsState, to: Partial<Address>): BoardsState {
  const address = { ...state.address, ...to }
  const elsewhere = address.view !== state.address.view
  const otherRound = address.round !== state.address.round
  const gone = elsewhere || otherRound ? { people: null, peopleFar: null } : {}
  // The cities of the old round or index stay, under their own title, until the new ones are here.
  return { ...state, ...gone, address, boardTrouble: null, page: elsewhere || otherRound || address.by !== state.address.by ? 0 : state.page }
}

/** After the last page comes the first. */
function turn(state: BoardsState, by: 1 | -1): BoardsState {
  const pages = pageCount(state)
  return { ...state, page: (state.page + by + pages) % pages }
}

function onPage(state: BoardsState): BoardsState {
  return { ...state, page: Math.min(state.page, pageCount(state) - 1) }
}

/** A dropped link stays `away` through its attempts to come back, so that the page's words do not flicker. */
function linkOf(link: LinkState['is'], before: BoardsState['link']): BoardsState['link'] {
  if (link === 'online') return 'live'
  const dialling = link === 'idle' || link === 'connecting'
  return dialling && before !== 'away' ? 'connecting' : 'away'
}

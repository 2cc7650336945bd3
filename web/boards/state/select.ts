// What the page shows of its state: rows in their order, movement, pages, and which boards it therefore needs.
import type { BoardEntry, Season } from '../../shared/protocol'
import { readPlace } from './address'
import type { BoardsState, CityBoard, CityStanding, Wanted } from './reducer'

/** What a watched board carries, and what two columns of ten hold. */
export const PEOPLE_A_PAGE = 20
/** Further down a public board turns into a list of everyone. */
export const PEOPLE_SHOWN_MAX = 100

export type Movement = { is: 'up' | 'down'; places: number } | { is: 'same' } | { is: 'unknown' }

export interface CityRow {
  code: string
  name: string
  /** Null: too few participants for an index. */
  rank: number | null
  value: number | null
  participants: number
  attempts: number
  moved: Movement
}

export interface PersonRow extends BoardEntry {
  /** Stays with the row while it moves; a bettered score is a new row. */
  key: string
}

// ---- cities -----------------------------------------------------------------------------------------------------

/** All cities of the season: the ranked by rank, then those without a value by code. */
export function cityRows(board: CityBoard, cities: Season['cities']): CityRow[] {
  const standings = new Map(board.entries.map((entry): [string, CityStanding] => [entry.code, entry]))
  const rows = board.entries.map((entry) => cityRow(entry))
  for (const { code, name } of cities) {
    if (!standings.has(code)) rows.push(cityRow({ code, name, participants: 0, attempts: 0 }))
  }
  return rows.sort(byRank)
}

function cityRow(entry: CityStanding): CityRow {
  const value = entry.value ?? null
  const rank = value === null ? null : (entry.rank ?? null)
  const { code, name, participants, attempts } = entry
  return { code, name, rank, value, participants, attempts, moved: movement(rank, entry.rank_hour_ago) }
}

function byRank(a: CityRow, b: CityRow): number {
  if (a.rank !== null && b.rank !== null) return a.rank - b.rank
  if (a.rank !== null) return -1
  if (b.rank !== null) return 1
  return a.code < b.code ? -1 : 1
}

export function movement(rank: number | null, hourAgo: number | null | undefined): Movement {
  if (rank === null || hourAgo === null || hourAgo === undefined) return { is: 'unknown' }
  const places = hourAgo - rank
  if (places === 0) return { is: 'same' }
  return { is: places > 0 ? 'up' : 'down', places: Math.abs(places) }
}

/** How deep a tile's jade is, 0 to 1, between the least and the greatest value shown. One value alone is in the middle. */
export function strengths(rows: readonly CityRow[]): Map<string, number> {
  const values = rows.filter(({ value }) => value !== null).map(({ value }) => value as number)
  const least = Math.min(...values)
  const span = Math.max(...values) - least
  return new Map(
    rows
      .filter(({ value }) => value !== null)
      .map(({ code, value }): [string, number] => [code, span === 0 ? 0.5 : ((value as number) - least) / span]),
  )
}

/** Nobody has finished a counted paper yet. */
export function nobodyYet(board: CityBoard): boolean {
  return board.entries.every(({ participants, value }) => participants === 0 && !value)
}

/** Pages of nearly equal length: 20 cities on a screen of 14 rows are twice 10, not 14 and 6. */
export function paged<T>(rows: readonly T[], room: number, page: number): T[] {
  const pages = Math.max(1, Math.ceil(rows.length / room))
  const each = Math.ceil(rows.length / pages)
  return rows.slice(page * each, (page + 1) * each)
}

// ---- people -----------------------------------------------------------------------------------------------------

/** The first page is the socket's, live; later ones are HTTP's. Each page is of one moment. */
export function peoplePage(state: BoardsState): { rows: PersonRow[]; asOf: number; total: number } | null {
  const { people, peopleFar, page } = state
  const board = page === 0 ? newest(people, peopleFar) : peopleFar
  if (board === null) return null
  const first = page * PEOPLE_A_PAGE
  return { rows: keyed(board.entries.slice(first, first + PEOPLE_A_PAGE)), asOf: board.as_of, total: board.total }
}

function newest<T extends { as_of: number }>(a: T | null, b: T | null): T | null {
  if (a === null || b === null) return a ?? b
  return a.as_of >= b.as_of ? a : b
}

function keyed(entries: BoardEntry[]): PersonRow[] {
  const seen = new Map<string, number>()
  return entries.map((entry) => {
    const who = [entry.city, entry.name, entry.score, entry.elapsed_ms, entry.finished_at].join('|')
    const before = seen.get(who) ?? 0
    seen.set(who, before + 1)
    return { ...entry, key: `${who}|${before}` }
  })
}

/** The city that the board belongs to, if it does to one. */
export function cityOfView(state: BoardsState): Season['cities'][number] | null {
  const { city, county } = readPlace(state.address.view)
  const cities = state.season?.cities ?? []
  return cities.find(({ code, counties }) => code === city || (county !== undefined && counties.some((one) => one.code === county))) ?? null
}

// ---- pages and wants --------------------------------------------------------------------------------------------

export function pageCount(state: BoardsState): number {
  if (state.address.view === 'cities') {
    const rows = Math.max(state.season?.cities.length ?? 0, state.cities?.entries.length ?? 0)
    return Math.max(1, Math.ceil(rows / state.cityRows))
  }
  const total = newest(state.people, state.peopleFar)?.total ?? 0
  return Math.max(1, Math.ceil(Math.min(total, PEOPLE_SHOWN_MAX) / PEOPLE_A_PAGE))
}

export function wantedCities(state: BoardsState): Wanted | null {
  // A city's own board shows beside its people how the city stands.
  if (state.season === null || (state.address.view !== 'cities' && cityOfView(state) === null)) return null
  return { board: 'cities', ...roundOf(state), ...(state.address.by === undefined ? {} : { by: state.address.by }) }
}

export function wantedPeople(state: BoardsState): Wanted | null {
  if (state.season === null || state.address.view === 'cities') return null
  return { board: state.address.view, ...roundOf(state) }
}

export function wanted(state: BoardsState): Wanted[] {
  return [wantedCities(state), wantedPeople(state)].filter((one): one is Wanted => one !== null)
}

const roundOf = ({ address }: BoardsState) => (address.round === undefined ? {} : { round: address.round })

// ---- the feed ---------------------------------------------------------------------------------------------------

export type Feed = 'connecting' | 'live' | 'polling' | 'offline'

/** What the person may believe about the freshness of what is shown. */
export function feedOf({ link, polled }: BoardsState): Feed {
  if (link === 'live') return 'live'
  if (polled === 'failed') return 'offline'
  return link === 'away' && polled === 'fine' ? 'polling' : 'connecting'
}

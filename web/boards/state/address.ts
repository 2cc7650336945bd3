// What the address bar says and a screen therefore shows: /boards?view=city:450200&by=per_10k&round=daily&turn=15.
// Unattended screens are set up by their address alone, so every choice that outlives a reload stands here.

/** `cities`, or a scope of the wire: `region`, `city:CODE`, `county:CODE`, `group:ID`, `city:CODE/group:ID`. */
export type View = string

export interface Address {
  view: View
  /** A city index. Undefined: the page picks one that the season has. */
  by: string | undefined
  /** Undefined: the whole season. */
  round: string | undefined
  /** Seconds a page stays on a big screen; 0: turned by hand alone. */
  turn: number
}

/** Long enough to find one's own name in twenty. */
export const USUAL_TURN_S = 15
/** Quicker than this nobody can read a page. */
const SHORTEST_TURN_S = 5
const LONGEST_TURN_S = 600

const SCOPE = /^(region|(city|county|group):[^/:]+|city:[^/:]+\/group:[^/:]+)$/

export const HOME: Address = { view: 'cities', by: undefined, round: undefined, turn: USUAL_TURN_S }

/** Reads `location.search`. What it cannot read it leaves at the usual: a mistyped address still shows the cities. */
export function readAddress(search: string): Address {
  const query = new URLSearchParams(search)
  const view = query.get('view') ?? ''
  return {
    view: SCOPE.test(view) ? view : 'cities',
    by: query.get('by') || undefined,
    round: query.get('round') || undefined,
    turn: turnSeconds(query.get('turn')),
  }
}

export function writeAddress({ view, by, round, turn }: Address): string {
  const pairs: [string, string][] = []
  if (view !== 'cities') pairs.push(['view', view])
  if (by !== undefined) pairs.push(['by', by])
  if (round !== undefined) pairs.push(['round', round])
  if (turn !== USUAL_TURN_S) pairs.push(['turn', String(turn)])
  // `:` and `/` are allowed in a query, and an address that is read out over a telephone is better without %3A.
  const text = pairs.map(([key, value]) => `${key}=${encodeURIComponent(value).replace(/%3A/g, ':').replace(/%2F/g, '/')}`)
  return text.length === 0 ? '' : `?${text.join('&')}`
}

export function turnSeconds(text: string | null): number {
  const seconds = Math.round(Number(text))
  if (text === null || text.trim() === '' || !Number.isFinite(seconds)) return USUAL_TURN_S
  return seconds <= 0 ? 0 : Math.min(LONGEST_TURN_S, Math.max(SHORTEST_TURN_S, seconds))
}

/** A scope of people in its parts; all undefined: the region. */
export interface Place {
  city: string | undefined
  county: string | undefined
  group: string | undefined
}

export function readPlace(view: View): Place {
  const place: Place = { city: undefined, county: undefined, group: undefined }
  for (const part of view.split('/')) {
    const colon = part.indexOf(':')
    const kind = part.slice(0, colon)
    if (kind === 'city' || kind === 'county' || kind === 'group') place[kind] = part.slice(colon + 1)
  }
  return place
}

/** The narrowest scope that the wire has: a county knows no groups. */
export function writePlace({ city, county, group }: Place): View {
  if (county !== undefined) return `county:${county}`
  const parts: string[] = []
  if (city !== undefined) parts.push(`city:${city}`)
  if (group !== undefined) parts.push(`group:${group}`)
  return parts.length === 0 ? 'region' : parts.join('/')
}

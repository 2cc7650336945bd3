import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Board, CitiesBoard, Season, ServerMessage } from '../../shared/protocol'
import { readAddress } from './address'
import { begin, reduce, type BoardsEvent, type BoardsState, type CityBoard } from './reducer'
import { cityRows, feedOf, movement, nobodyYet, paged, pageCount, peoplePage, strengths, wanted } from './select'

const sample = <T>(name: string): T => JSON.parse(readFileSync(new URL(`../../../tests/wire/${name}.json`, import.meta.url), 'utf8')) as T
const season = sample<Season>('http-season')
const cities = sample<CitiesBoard>('http-cities')
const people = sample<Board>('http-board')

const after = (state: BoardsState, ...events: BoardsEvent[]) => events.reduce(reduce, state)
const opened = (search = '') => after(begin(readAddress(search)), { type: 'season', season })
const told = (board: object): BoardsEvent => ({ type: 'message', message: { type: 'board', ...board } as ServerMessage })
const daily = '?by=per_10k&round=daily'

const many = (total: number, shown: number, change: Partial<Board> = {}): Board => ({
  ...people,
  total,
  entries: Array.from({ length: shown }, (_, i) => ({ ...people.entries[0]!, rank: i + 1, finished_at: i })),
  ...change,
})

describe('the order of cities', () => {
  const standing = (code: string, rank: number | null, value: number | null) => ({ code, name: code, rank, value, participants: 5, attempts: 9 })
  const board = { ...cities, entries: [standing('3', null, null), standing('2', 2, 10), standing('4', 1, 20)] } as CityBoard

  it('goes by rank, then come those with too few participants, by code', () => {
    const rows = cityRows(board, [{ code: '1', name: '甲市', counties: [] }, { code: '2', name: '乙市', counties: [] }])
    expect(rows.map(({ code, rank }) => [code, rank])).toEqual([['4', 1], ['2', 2], ['1', null], ['3', null]])
  })

  it('shows a city that the board leaves out, without a value and without a participant', () => {
    expect(cityRows(board, [{ code: '9', name: '癸市', counties: [] }]).pop()).toMatchObject({ code: '9', value: null, participants: 0 })
  })

  it('gives no rank without a value, whatever the server sends', () => {
    const odd = { ...cities, entries: [{ code: '1', name: '甲市', rank: 1, participants: 3, attempts: 3, rank_hour_ago: 2 }] } as CityBoard
    expect(cityRows(odd, [])[0]).toMatchObject({ rank: null, value: null, moved: { is: 'unknown' } })
  })

  it('deepens the jade from the least value to the greatest', () => {
    expect([...strengths(cityRows(board, []))]).toEqual([['4', 1], ['2', 0]])
    expect(strengths(cityRows({ ...board, entries: board.entries.slice(1, 2) }, [])).get('2')).toBe(0.5)
  })

  it('knows that nobody has played while no city has a participant', () => {
    expect(nobodyYet(cities as CityBoard)).toBe(false)
    expect(nobodyYet({ ...cities, entries: [] })).toBe(true)
    expect(nobodyYet({ ...cities, entries: [{ ...cities.entries[0]!, participants: 0, value: 0 }] })).toBe(true)
  })
})

describe('movement since an hour ago', () => {
  it('is up, down, the same, or not known', () => {
    expect(movement(2, 5)).toEqual({ is: 'up', places: 3 })
    expect(movement(5, 2)).toEqual({ is: 'down', places: 3 })
    expect(movement(4, 4)).toEqual({ is: 'same' })
    expect(movement(4, undefined)).toEqual({ is: 'unknown' })
    expect(movement(4, null)).toEqual({ is: 'unknown' })
  })
})

describe('pages', () => {
  it('are of nearly equal length', () => {
    const twenty = Array.from({ length: 20 }, (_, i) => i)
    expect([0, 1].map((page) => paged(twenty, 14, page).length)).toEqual([10, 10])
    expect(paged(twenty, Infinity, 0)).toHaveLength(20)
    expect(paged([], 14, 0)).toEqual([])
  })

  it('go round in both directions', () => {
    const first = after(opened('?view=region'), told(many(47, 20, { scope: 'region', round: undefined as never })))
    expect(pageCount(first)).toBe(3)
    const last = reduce(first, { type: 'turned', by: -1 })
    expect(last.page).toBe(2)
    expect(reduce(last, { type: 'turned', by: 1 }).page).toBe(0)
  })

  it('end with the hundredth person', () => {
    expect(pageCount(after(opened('?view=city:450200&round=daily'), told(people)))).toBe(5)
  })

  it('begin anew on another board, and never lie beyond the last', () => {
    const third = after(opened('?view=city:450200&round=daily'), told(many(60, 20)), { type: 'turned', by: -1 })
    expect(third.page).toBe(2)
    expect(reduce(third, { type: 'went', to: { round: undefined } }).page).toBe(0)
    expect(reduce(third, told(many(25, 20, { as_of: people.as_of + 1 }))).page).toBe(1)
  })

  it('of cities follow the room that the screen has', () => {
    const state = after(opened(), told(cities), { type: 'fits', cityRows: 2 })
    expect(pageCount(state)).toBe(2)
    expect(pageCount(reduce(state, { type: 'fits', cityRows: 14 }))).toBe(1)
  })
})

describe('a page of people', () => {
  const live = after(opened('?view=city:450200&round=daily'), told(many(60, 20)))

  it('is live on the first page, and waits for HTTP on the others', () => {
    expect(peoplePage(live)).toMatchObject({ total: 60, asOf: people.as_of })
    const second = reduce(live, { type: 'turned', by: 1 })
    expect(peoplePage(second)).toBeNull()
    const fetched = reduce(second, { type: 'fetched', board: many(60, 60), far: true })
    expect(peoplePage(fetched)?.rows.map(({ rank }) => rank)).toEqual(Array.from({ length: 20 }, (_, i) => 21 + i))
  })

  it('gives each row a key of its own, even to namesakes who finished together', () => {
    const twins = many(2, 2)
    twins.entries[1] = { ...twins.entries[0]!, rank: 2 }
    const keys = peoplePage(reduce(live, told({ ...twins, as_of: people.as_of + 1 })))!.rows.map(({ key }) => key)
    expect(new Set(keys).size).toBe(2)
  })
})

describe('a board that arrives', () => {
  it('is taken when it is wanted', () => {
    expect(after(opened(daily), told(cities)).cities?.revision).toBe(771)
  })

  it('is passed over when the page has gone on to another index, round or place', () => {
    for (const search of ['?by=mean_best&round=daily', '?by=per_10k', '?view=region']) {
      expect(after(opened(search), told(cities)).cities).toBeNull()
    }
    expect(after(opened('?view=city:450100&round=daily'), told(people)).people).toBeNull()
    expect(after(opened('?view=city:450200'), told(people)).people).toBeNull()
  })

  it('never takes the page back in time, but a restarted server may count its revisions anew', () => {
    const shown = after(opened(daily), told(cities))
    expect(reduce(shown, told({ ...cities, revision: 999, as_of: cities.as_of - 1 })).cities?.revision).toBe(771)
    expect(reduce(shown, told({ ...cities, revision: 1, as_of: cities.as_of + 1 })).cities?.revision).toBe(1)
  })

  it('stays, under its own title, until that of the new index is here', () => {
    const changed = after(opened(daily), told(cities), { type: 'went', to: { by: 'mean_best' } })
    expect(changed.cities?.by).toBe('per_10k')
    expect(reduce(changed, told({ ...cities, by: 'mean_best', as_of: 1 })).cities?.by).toBe('mean_best')
  })
})

describe('what is asked for', () => {
  it('is the cities on the first page, by residents where all cities have their number', () => {
    expect(wanted(opened())).toEqual([{ board: 'cities', by: 'per_10k' }])
    const { code, name, counties } = season.cities[0]!
    const unpeopled = { code, name, counties }
    const state = reduce(begin(), { type: 'season', season: { ...season, cities: [unpeopled] } })
    expect(wanted(state)).toEqual([{ board: 'cities' }])
    // The server's own choice becomes the page's.
    expect(wanted(reduce(state, told({ ...cities, by: 'participants', round: undefined })))).toEqual([{ board: 'cities', by: 'participants' }])
  })

  it('is a city\'s people and how the city stands', () => {
    expect(wanted(opened('?view=county:450203&by=per_10k&round=daily'))).toEqual([
      { board: 'cities', by: 'per_10k', round: 'daily' },
      { board: 'county:450203', round: 'daily' },
    ])
    expect(wanted(opened('?view=group:youth'))).toEqual([{ board: 'group:youth' }])
  })

  it('is nothing before the season is known', () => {
    expect(wanted(begin())).toEqual([])
  })

  it('falls back to what the season has: no unknown place, no practice round', () => {
    expect(opened('?view=city:999999').address.view).toBe('cities')
    expect(opened('?view=city:450200/group:martians').address.view).toBe('cities')
    expect(opened('?round=practice').address.round).toBeUndefined()
    expect(opened('?round=daily').address.round).toBe('daily')
  })

  it('leaves the index to the server when the address names one that there is not', () => {
    const state = opened('?by=shoe_size')
    const refused = reduce(state, { type: 'refused', wanted: wanted(state)[0]!, code: 'bad_request', sentence: '没有这个指标' })
    expect(wanted(refused)).toEqual([{ board: 'cities' }])
  })

  it('says why where nothing can be had', () => {
    const state = opened('?view=region')
    expect(reduce(state, { type: 'refused', wanted: { board: 'region' }, code: 'busy', sentence: '现在人多' }).boardTrouble).toBe('现在人多')
    // Of a board that nobody looks at any more it says nothing.
    expect(reduce(state, { type: 'refused', wanted: { board: 'group:youth' }, code: 'busy', sentence: '现在人多' }).boardTrouble).toBeNull()
  })
})

describe('the freshness that the page claims', () => {
  const fetched: BoardsEvent = { type: 'fetched', board: cities as CityBoard, far: false }
  const offline: BoardsEvent = { type: 'refused', wanted: { board: 'cities' }, code: 'offline', sentence: '网络不通' }

  it('is live while the socket is, polling or offline while it is away', () => {
    const state = opened(daily)
    expect(feedOf(state)).toBe('connecting')
    expect(feedOf(reduce(state, fetched))).toBe('connecting')
    const live = reduce(state, { type: 'link', link: 'online' })
    expect(feedOf(live)).toBe('live')
    const away = reduce(live, { type: 'link', link: 'waiting' })
    expect(feedOf(away)).toBe('connecting')
    expect(feedOf(reduce(away, fetched))).toBe('polling')
    expect(feedOf(after(away, fetched, offline))).toBe('offline')
    expect(feedOf(after(away, offline, { type: 'link', link: 'online' }))).toBe('live')
  })

  it('does not flicker while a dropped socket tries to come back', () => {
    const polling = after(opened(daily), { type: 'link', link: 'online' }, { type: 'link', link: 'waiting' }, fetched)
    expect(feedOf(reduce(polling, { type: 'link', link: 'connecting' }))).toBe('polling')
  })
})

describe('the season', () => {
  it('that cannot be had shows why, unless one is there already', () => {
    const failed: BoardsEvent = { type: 'season_failed', sentence: '网络不通' }
    expect(reduce(begin(), failed).seasonTrouble).toBe('网络不通')
    expect(reduce(opened(), failed).seasonTrouble).toBeNull()
  })

  it('that takes another\'s place leaves nothing of the old one', () => {
    const next = after(opened(daily), told(cities), { type: 'season', season: { ...season, id: 'guangxi-2027' } })
    expect([next.season?.id, next.cities]).toEqual(['guangxi-2027', null])
  })
})

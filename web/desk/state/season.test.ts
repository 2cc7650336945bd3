// Promises of the season form's helpers.
import { describe, expect, it } from 'vitest'
import { calendarOf, datedOf, faultsAt, freshId, normalised, pageOf, placeOf, roundsOfPreset, typed, windowOf } from './season'

const at = (text: string) => Date.parse(`${text}+08:00`)
const EAST_8 = 8 * 3_600_000

describe('a season that is being written', () => {
  it('has lists where a file says one, and nothing where nothing was filled in', () => {
    const file = { hosts: '科协', name: ' ', round: [{ id: 'a', section: [{ kind: 'single', count: 3 }] }] } as never
    expect(normalised(file)).toEqual({ hosts: ['科协'], round: [{ id: 'a', section: [{ kind: ['single'], count: 3 }] }] })
  })

  it('takes days and times apart and puts them together again', () => {
    for (const dated of [{ opens: '2026-08-01', last_day: '2026-08-31' }, { opens: '2026-08-01T09:00:00', closes: '2026-08-31T12:00:00' }, { always_open: true }, {}]) {
      expect(datedOf(windowOf(dated))).toEqual(dated)
    }
    expect(datedOf(windowOf({ closes: '2026-08-31T24:00' }))).toEqual({ last_day: '2026-08-31' })
  })

  it('leaves it to the server to say what is no number', () => {
    expect([typed(' 30 '), typed('３０'), typed(''), typed('三十'), typed('1.5')]).toEqual([30, 30, undefined, '三十', '1.5'])
  })

  it('shows a fault at its field and says where it stands', () => {
    const faults = [{ path: 'hosts', message: 'a' }, { path: 'round.daily.section[1].count', message: 'b' }]
    expect(faultsAt(faults, 'hosts')).toHaveLength(1)
    expect(faultsAt(faults, 'round.daily.section[1].count')).toHaveLength(1)
    const rounds = [{ id: 'daily', name: '每日竞赛' }]
    expect(placeOf('round.daily.section[1].count', rounds)).toBe('场次「每日竞赛」 · 第 1 节 · 题数')
    expect(placeOf('about.contact', rounds)).toBe('联系方式')
    expect([pageOf('round.daily.bank'), pageOf('round[2].id'), pageOf('about.faq[1].answer')]).toEqual([['rounds', 'daily'], ['rounds'], ['settings']])
  })

  it('takes a preset over under ids that are free', () => {
    expect(freshId([{ id: 'daily' }, { id: 'daily-2' }], 'daily')).toBe('daily-3')
    const preset = [{ round: { id: 'daily', name: '热身', groups: ['x'] } }, { round: { id: 'final', gate: { round: 'daily', right: 3 } } }]
    expect(roundsOfPreset(preset, [{ id: 'daily' }], 'own')).toEqual([
      { id: 'daily-2', name: '热身', bank: 'own' },
      { id: 'final', gate: { round: 'daily-2', right: 3 }, bank: 'own' },
    ])
  })

  it('sees rounds that overlap, and times at which none counts', () => {
    const round = (id: string, opens: string, closes: string, counts = true) => ({ id, name: id, opens: at(opens), closes: at(closes), counts })
    const calendar = calendarOf(
      [round('a', '2026-08-01T00:00', '2026-08-11T00:00'), round('b', '2026-08-10T00:00', '2026-08-20T00:00'), round('p', '2026-08-01T00:00', '2026-09-01T00:00', false), round('c', '2026-08-25T00:00', '2026-09-01T00:00')],
      at('2026-08-16T12:00'),
      EAST_8,
    )!
    expect(calendar.months.map(({ say }) => say)).toEqual(['2026年8月'])
    expect(calendar.bars[0]).toMatchObject({ from: 0, endless: false })
    expect(calendar.overlaps).toEqual([['a', 'b']])
    expect(calendar.gaps).toEqual([[at('2026-08-20T00:00'), at('2026-08-25T00:00')]])
    expect(calendar.today).toBeCloseTo(50)
  })

  it('finds room for seasons of many years', () => {
    const calendar = calendarOf([{ id: 'a', name: 'a', opens: at('2026-01-01T00:00'), closes: at('2099-12-31T00:00'), counts: true }], at('2026-08-16T12:00'), EAST_8)!
    expect(calendar.months.length).toBeLessThanOrEqual(14)
    expect(calendar.months[0]!.say).toBe('2026年')
  })

  it('shows what never closes to the edge', () => {
    const calendar = calendarOf([{ id: 'a', name: 'a', opens: 0, closes: null, counts: true }], at('2026-08-16T12:00'), EAST_8)!
    expect(calendar.months).toHaveLength(4)
    expect(calendar.bars[0]!.from + calendar.bars[0]!.width).toBeCloseTo(100)
  })
})

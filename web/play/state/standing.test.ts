import { describe, expect, it } from 'vitest'
import { sample } from '../../shared/samples'
import { shelf } from '../../shared/storage'
import type { Board, Me, Participant, Round, Season } from '../../shared/protocol'
import { markOf, verdictWords } from './marks'
import { People } from './people'
import { reasonOf, rowsOf } from './reasons'
import { arrange, mainRound, reviewOpen, standingIn, summaryOf } from './rounds'
import { readRoute, writeRoute } from './route'

const season = sample<Season>('http-season')
const me = sample<Me>('http-me')
const board = sample<Board>('http-board-me')
const round = (id: string, change: Partial<Round> = {}): Round => ({ ...season.rounds.find((one) => one.id === id)!, ...change })
const standing = (one: Round, who: Me | null = me) => standingIn(one, who, season.now, season.time_zone)

describe('what a round allows me', () => {
  it('says what is left, the tightest limit first', () => {
    expect(standing(round('daily'))).toEqual({ playable: true, chip: '今天还可答 2 次' })
    expect(standing(round('practice'))).toEqual({ playable: true, chip: '不限次数' })
    const both = { ...me, rounds: [{ id: 'daily', left_today: 3, left: 1 }] }
    expect(standing(round('daily'), both).chip).toBe('还可答 1 次')
  })

  it('says why not', () => {
    expect(standing(round('challenge'))).toEqual({ playable: false, chip: '今天次数已用完' })
    expect(standing(round('daily', { state: 'closed' })).chip).toBe('已结束')
    expect(standing(round('daily', { state: 'upcoming', opens: season.now + 7_500_000 })).chip).toBe('2 小时 5 分后开始')
    expect(standing(round('daily', { groups: ['senior'] })).playable).toBe(false)
  })

  it('a round that closes today says when', () => {
    const closes = season.now + 3_600_000
    expect(standing(round('practice', { closes })).chip).toMatch(/^\d\d:\d\d 截止$/)
  })

  it('leads to a round that counts, then to practice', () => {
    expect(mainRound(season.rounds, () => true)?.id).toBe('daily')
    expect(mainRound(season.rounds, ({ counts }) => !counts)?.id).toBe('practice')
    expect(mainRound(season.rounds, () => false)).toBeNull()
  })

  it('folds what is over or far away, the nearest first', () => {
    const weeks = (['closed', 'closed', 'open', 'upcoming', 'upcoming'] as const).map((state, i) => round('daily', { id: `w${i}`, state, opens: i, closes: i + 1 }))
    expect(arrange(weeks).near.map(({ id }) => id)).toEqual(['w2', 'w3'])
    expect(arrange(weeks).rest.map(({ id }) => id)).toEqual(['w4', 'w1', 'w0'])
    expect(arrange(weeks.slice(0, 2)).rest).toEqual([])
    expect(arrange(season.rounds).near).toHaveLength(3)
  })

  it('is told in a line', () => {
    expect(summaryOf(round('challenge'))).toBe('40 题 · 每题 20 秒 · 答错即止 · 同分看用时')
  })

  it('opens its review when its feedback allows', () => {
    expect(reviewOpen(round('daily'))).toBe(true)
    expect(reviewOpen(round('daily', { feedback: 'after_round' }))).toBe(false)
    expect(reviewOpen(round('daily', { feedback: 'after_round', state: 'closed' }))).toBe(true)
    expect(reviewOpen(round('daily', { feedback: 'never', state: 'closed' }))).toBe(false)
  })
})

describe('why I stand where I stand', () => {
  const above = (change: object): Board => ({ ...board, neighbours: board.neighbours!.map((one) => (one.rank === 41 ? { ...one, ...change } : one)) })

  it('names the difference to the place above', () => {
    expect(reasonOf(board)).toBe('与第 41 名同分，用时多 1.2 秒')
    expect(reasonOf(above({ score: 95 }))).toBe('比第 41 名少 5 分')
    expect(reasonOf(above({ elapsed_ms: 93_400 }))).toBe('与第 41 名同分，用时只多 12 毫秒')
    expect(reasonOf(above({ elapsed_ms: 93_412, finished_at: 0 }))).toBe('与第 41 名同分同用时，交卷晚一些')
  })

  it('has nothing to say of who is not on the board', () => {
    expect(reasonOf(sample<Board>('http-board'))).toBeNull()
  })

  it('shows the top, a gap, and those around me', () => {
    expect(rowsOf(board).map((row) => row?.rank ?? null)).toEqual([1, 2, 3, 4, null, 40, 41, 42, 43, 44])
  })

  it('points me out within the top, without a gap', () => {
    const near: Board = { ...board, me: { ...board.me!, rank: 3 }, neighbours: board.entries.map((one) => ({ ...one })) }
    expect(rowsOf(near).map((row) => row?.me ?? false)).toEqual([false, false, true, false])
  })
})

describe('marks', () => {
  it('right, wrong and missed have a word each', () => {
    expect([0, 1, 2, 3].map((choice) => markOf('multiple', choice, [0, 1], [0, 2]).word)).toEqual(['选对了', '选错了', '漏选', ''])
    expect(markOf('single', 1, [0], [1])).toEqual({ look: 'missed', word: '正确答案' })
  })

  it('verdicts are told in words', () => {
    expect(verdictWords({ correct: true, points: 5 }, [0])).toBe('答对了，得 5 分')
    expect(verdictWords({ correct: false, points: 2 }, [0])).toBe('答对一部分，得 2 分')
    expect(verdictWords({ correct: false, points: 0 }, [])).toBe('没有作答，得 0 分')
    expect(verdictWords({ correct: false, points: 0 }, null)).toBe('答错了，得 0 分')
    expect(verdictWords({ timed_out: true, correct: false, points: 0 }, [])).toBe('时间到，没有作答')
  })
})

describe('who plays on this phone', () => {
  const memory = () =>
    shelf(() => {
      throw new Error('private mode')
    })
  const one = (id: string): Participant => ({ id, name: id, city: '450200' })

  it('remembers a family, the last used first', () => {
    const people = new People(memory(), memory())
    people.remember(one('a'), 'ta')
    people.remember(one('b'), 'tb')
    expect(people.current?.token).toBe('tb')
    people.switchTo('a')
    expect(people.all.map(({ id }) => id)).toEqual(['a', 'b'])
    people.forget('a')
    expect(people.current).toBeNull()
    expect(people.all).toHaveLength(1)
  })

  it('a computer room keeps one, in the tab alone', () => {
    const device = memory()
    const people = new People(device, memory())
    people.room = true
    people.remember(one('a'), 'ta')
    people.remember(one('b'), 'tb')
    expect(people.all.map(({ id }) => id)).toEqual(['b'])
    expect(new People(device, memory()).current).toBeNull()
  })
})

describe('addresses', () => {
  it('are read as they are written', () => {
    expect(readRoute(writeRoute('review', 'a/b 1'))).toEqual({ screen: 'review', id: 'a/b 1' })
    expect(readRoute('')).toEqual({ screen: 'home', id: '' })
    expect(readRoute('#/x/%E0%A4%A').screen).toBe('home')
  })
})

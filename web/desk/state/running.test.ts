import { describe, expect, it } from 'vitest'
import type { RunningRound } from '../api/types'
import { fieldOf, lasting, linePoints, momentOf, pauseSays, resumeSays } from './running'

const round: RunningRound = {
  id: 'daily',
  name: '每日竞赛',
  state: 'open',
  opens: 0,
  closes: 1_000,
  always_open: false,
  paused_since: null,
  limited: true,
  open_attempts: 12,
  starts_today: 40,
}

describe('a season that runs, in words', () => {
  it('an act says to how many it will happen', () => {
    expect(pauseSays([round], round)).toContain('正在答的 12 份答卷马上停住')
    expect(pauseSays([round, { ...round, open_attempts: 3 }, { ...round, state: 'closed', open_attempts: 0 }], null)).toContain('15 份')
    expect(pauseSays([], { ...round, open_attempts: 0 })).toContain('现在没有人在答')
    expect(resumeSays({ ...round, paused_since: 0 }, 200_000)).toContain('已经暂停了 3 分 20 秒')
  })

  it('spans are told in two parts at most', () => {
    expect([4_000, 60_000, 200_000, 3_600_000, 7_500_000].map(lasting)).toEqual(['4 秒', '1 分钟', '3 分 20 秒', '1 小时', '2 小时 5 分'])
  })

  it('a line begins where its seconds begin and stays in its box', () => {
    expect(linePoints([0, 5, 10], 100, 50, 5)).toBe('50.0,50.0 75.0,25.0 100.0,0.0')
    expect(linePoints([], 100, 50, 5)).toBe('')
    expect(linePoints([0, 0], 100, 50, 2)).toBe('0.0,50.0 100.0,50.0')
  })

  it('a field for a moment is read as it was written', () => {
    const at = new Date(2026, 8, 1, 10, 30).getTime()
    expect(momentOf(fieldOf(at))).toBe(at)
    expect(momentOf('')).toBeNull()
  })
})

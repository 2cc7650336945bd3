import { describe, expect, it } from 'vitest'
import * as format from './format'

const ZONE = 'Asia/Shanghai'
const MIDNIGHT = 1785513600000 // 2026-08-01 00:00 in Shanghai

describe('numbers and times, as people say them', () => {
  it('what was spent has tenths', () => {
    expect(format.elapsed(93_412)).toBe('1 分 33.4 秒')
    expect(format.elapsed(1_200)).toBe('1.2 秒')
    expect(format.elapsed(59_960)).toBe('1 分 0.0 秒') // never 60.0 秒
    expect(format.elapsedShort(62_300)).toBe('1:02.3')
  })

  it('what is left is never told a second too few', () => {
    expect(format.secondsLeft(20_001)).toBe(21)
    expect(format.secondsLeft(-5)).toBe(0)
    expect(format.clockLeft(545_000)).toBe('9:05')
  })

  it('limits are told as rules tell them', () => {
    expect([30_000, 100_000, 600_000].map(format.limit)).toEqual(['30 秒', '1 分 40 秒', '10 分钟'])
  })

  it('waits are told in two units at most', () => {
    expect(format.until(3 * 86_400_000 + 4 * 3_600_000)).toBe('3 天 4 小时')
    expect(format.until(249_000)).toBe('4 分 09 秒')
  })

  it('a window that closes at midnight ends on the day before', () => {
    expect(format.span(MIDNIGHT, 1796054400000, ZONE)).toBe('2026年8月1日—11月30日')
    expect(format.span(MIDNIGHT, 1796054400000 + 1_300, ZONE)).toBe('2026年8月1日—11月30日')
  })

  it('a window that closes at midnight is said to close at 24:00', () => {
    expect(format.closing(1796054400000, ZONE)).toBe('11月30日 24:00')
    expect(format.closing(1796054400000 + 1_300, ZONE)).toBe('11月30日 24:00')
    expect(format.closing(MIDNIGHT + 9 * 3_600_000, ZONE)).toBe('8月1日 09:00')
  })

  it('midnight is hour 0, in the zone of the season', () => {
    expect(format.civil(MIDNIGHT, ZONE)).toMatchObject({ month: 8, day: 1, hour: 0 })
    expect(format.timeOfDay(MIDNIGHT, ZONE)).toBe('00:00:00')
  })

  it('a zone that the phone does not know is no fault', () => {
    expect(format.civil(MIDNIGHT, 'Mars/Olympus').year).toBe(2026)
  })

  it('codes are read out in fours', () => {
    expect(format.inFours('7KQ2M9TD41XC')).toBe('7KQ2 M9TD 41XC')
    expect(format.inFours('7KQ2-M9TD')).toBe('7KQ2 M9TD')
  })

  it('an index is told in the way that people know it', () => {
    expect(format.indexValue('per_10k', 93_100_000)).toBe('93.1')
    expect(format.indexValue('participants', 45_914_000_000)).toBe('45,914')
    expect(format.indexValue('full_marks', 123_000)).toBe('12.3%')
  })
})

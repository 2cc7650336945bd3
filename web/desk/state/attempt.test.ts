import { expect, test } from 'vitest'
import { momentIn, timeIn } from './attempt'

test('a moment is told to the millisecond in the season’s zone, whatever this computer’s is', () => {
  expect(timeIn(1_788_228_005_120, 'Asia/Shanghai')).toBe('10:00:05.120')
  expect(momentIn(1_788_228_005_120, 'Asia/Shanghai')).toBe('2026-09-01 10:00:05')
})

import { expect, test } from 'vitest'
import { correctedWords } from './corrected'

test('what was and what is are both told', () => {
  expect(correctedWords({ key: [2], points: 10, was: { key: [1], correct: false, points: 0 } })).toBe('答案原来是 B，现在是 C。你这题原来得 0 分，现在得 10 分。')
  expect(correctedWords({ key: [0, 2], points: 5, accepted: [[0], [2]], was: { key: [0], correct: true, points: 5 } })).toBe('现在 A、C 都算对。你这题的得分不变，仍是 5 分。')
  expect(correctedWords({ key: [1], points: 0, annulled: true, was: { key: [1], correct: false, points: 0 } })).toMatch(/作废.*不变/)
})

test('an attempt that was told under the correction has nothing that it was', () => {
  expect(correctedWords({ key: [1], points: 5 })).toBe('这份答卷按更正计分。')
})

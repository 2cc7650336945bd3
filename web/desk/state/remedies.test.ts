import { expect, test } from 'vitest'
import { makingOf, remedyOf, remedyWords, type Making } from './remedies'

const making = (over: Partial<Making>): Making => ({ kind: 'new_key', key: [], accepted: [], ...over })

test('a remedy is told by its letters', () => {
  expect(remedyWords({ kind: 'new_key', key: [2, 0] })).toBe('改正答案为 AC')
  expect(remedyWords({ kind: 'accept', accepted: [[0], [2]] })).toBe('A、C 均算对')
  expect(remedyWords({ kind: 'annul' })).toBe('作废并折算')
})

test('what is missing is said before it is sent', () => {
  expect(remedyOf(making({}), 'single')).toMatch(/选出/)
  expect(remedyOf(making({ kind: 'accept', key: [1] }), 'single')).toMatch(/两个/)
  expect(remedyOf(making({ kind: 'accept', accepted: [[0, 1]] }), 'multiple')).toMatch(/两组/)
  expect(remedyOf(making({ key: [2, 0] }), 'multiple')).toEqual({ kind: 'new_key', key: [0, 2] })
  expect(remedyOf(making({ kind: 'accept', key: [0, 2] }), 'single')).toEqual({ kind: 'accept', accepted: [[0], [2]] })
  expect(remedyOf(making({ kind: 'all_points' }), 'single')).toEqual({ kind: 'all_points' })
})

test('a remedy comes back from the form as it went in', () => {
  for (const remedy of [{ kind: 'new_key', key: [1] }, { kind: 'accept', accepted: [[0], [3]] }, { kind: 'as_published' }] as const)
    expect(remedyOf(makingOf(JSON.parse(JSON.stringify(remedy)), 'single'), 'single')).toEqual(remedy)
})

import { expect, test } from 'vitest'
import { NONE, howMany, pageState, pageToggled, stretched, toggled } from './chosen'

const PAGE = ['a', 'b', 'c', 'd']

test('questions are ticked one by one, as a page, and as a stretch', () => {
  const one = toggled(NONE, 'b')
  expect(pageState(one, PAGE)).toBe('some')
  const stretch = stretched(one, PAGE, 'b', 'd')
  expect([...stretch.ids].sort()).toEqual(['b', 'c', 'd'])
  const page = pageToggled(stretch, PAGE)
  expect(pageState(page, PAGE)).toBe('all')
  expect(pageToggled(page, PAGE).ids.size).toBe(0)
})

test('ticks of other pages stay', () => {
  const other = toggled(NONE, 'z')
  expect([...pageToggled(other, PAGE).ids].sort()).toEqual(['a', 'b', 'c', 'd', 'z'])
})

test('all that a filter finds is as many as there are, until one is taken out', () => {
  const all = { ids: new Set(PAGE), all: true }
  expect(howMany(all, 340)).toBe(340)
  expect(howMany(toggled(all, 'a'), 340)).toBe(3)
})

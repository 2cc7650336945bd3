import { expect, test } from 'vitest'
import { filterCount, narrowed, offsetOf, readLooking, writeLooking } from './filters'

test('a list comes back from its address as it was left', () => {
  const query = { q: '节水', topic: '卫生健康', difficulty: '2', kind: 'multiple', state: 'draft', author: 'me', sort: 'topic', page: '3' }
  const looking = readLooking(query)
  expect(looking.filter).toEqual({ q: '节水', topic: '卫生健康', difficulty: 2, kind: 'multiple', state: 'draft', author: 'me' })
  expect(offsetOf(looking)).toBe(100)
  expect(writeLooking(looking)).toEqual(query)
})

test('what an address says wrongly is passed over', () => {
  expect(readLooking({ difficulty: '9', kind: 'essay', state: 'gone', sort: 'chance', page: '-1' })).toEqual({ filter: {}, sort: 'updated', page: 1 })
})

test('another filter begins on its first page, an emptied one is gone', () => {
  const looking = readLooking({ q: '水', topic: '卫生健康', page: '4' })
  const next = narrowed(looking, { topic: undefined, state: 'draft' })
  expect(next).toMatchObject({ filter: { q: '水', state: 'draft' }, page: 1 })
  expect('topic' in next.filter).toBe(false)
  expect(filterCount(next)).toBe(1)
})

import { expect, test } from 'vitest'
import { match, readRoute, writeRoute } from './route'

test('an address comes back as it was written, whatever stands in it', () => {
  const hash = writeRoute(['banks', '科普/2026', 'questions'], { q: '节水 & 100%', state: 'draft', page: 2, author: undefined, topic: '' })
  expect(readRoute(hash)).toEqual({ path: ['banks', '科普/2026', 'questions'], query: { q: '节水 & 100%', state: 'draft', page: '2' } })
})

test('a broken address leads to the start page', () => {
  expect(readRoute('#/banks/%E4%B')).toEqual({ path: [], query: {} })
  expect(readRoute('')).toEqual({ path: [], query: {} })
})

test('a pattern gives the values of its names, and fits no longer or shorter path', () => {
  expect(match('banks/:bank/questions', ['banks', 'kexue', 'questions'])).toEqual({ bank: 'kexue' })
  expect(match('banks/:bank/questions', ['banks', 'kexue'])).toBeNull()
  expect(match('banks', ['banks', 'kexue'])).toBeNull()
  expect(match('', [])).toEqual({})
})

import { expect, test } from 'vitest'
import { reasonsOf } from './refused'

test('what was refused for the same reason is told together, most questions first', () => {
  const one = (id: string, message: string) => ({ id, code: 'faulty', message })
  expect(reasonsOf([one('a', '没有来源'), one('b', '没有解析'), one('c', '没有解析')])).toEqual([
    { message: '没有解析', ids: ['b', 'c'] },
    { message: '没有来源', ids: ['a'] },
  ])
  expect(reasonsOf([])).toEqual([])
})

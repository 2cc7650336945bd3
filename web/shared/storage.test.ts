import { describe, expect, it } from 'vitest'
import { readJson, shelf } from './storage'

const forbidden = () => {
  throw new Error('SecurityError')
}

describe('storage', () => {
  it('falls back to memory where the browser refuses', () => {
    const memory = shelf(forbidden)
    memory.set('a', '1')
    expect(memory.get('a')).toBe('1')
    memory.remove('a')
    expect(memory.get('a')).toBeNull()
  })

  it('what is not JSON is nothing', () => {
    const memory = shelf(forbidden)
    memory.set('a', '{')
    expect(readJson(memory, 'a')).toBeNull()
  })
})

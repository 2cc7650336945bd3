import { describe, expect, it } from 'vitest'
import { baseOf } from './base'

describe('base', () => {
  it('is the top, or the path of a rehearsal', () => {
    for (const path of ['/', '/boards', '/desk', '/rehearsal', '/rehearsal/abc', '/rehearsal/ABC/', '/x/rehearsal/abc/']) expect(baseOf(path)).toBe('')
    expect(baseOf('/rehearsal/ab2c/')).toBe('/rehearsal/ab2c')
    expect(baseOf('/rehearsal/ab2c/boards')).toBe('/rehearsal/ab2c')
  })
})

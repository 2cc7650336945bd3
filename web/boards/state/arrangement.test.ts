import { describe, expect, it } from 'vitest'
import { arrange } from './arrangement'
import { shapeOf } from './shape'

const GUANGXI = ['450100', '450200', '450300', '450400', '450500', '450600', '450700', '450800', '450900', '451000', '451100', '451200', '451300', '451400']

describe('the arrangement of tiles', () => {
  it('puts the cities of Guangxi five by five, each on a spot of its own', () => {
    const { rows, columns, spots } = arrange(GUANGXI)
    expect([rows, columns, spots.size]).toEqual([5, 5, 14])
    expect(new Set([...spots.values()].map(({ row, column }) => `${row},${column}`)).size).toBe(14)
    expect(spots.get('450300')).toEqual({ row: 1, column: 4 }) // Guilin in the north
    expect(spots.get('450500')).toEqual({ row: 5, column: 4 }) // Beihai by the sea
  })

  it('is a plain grid in the order of codes for any other region', () => {
    const { rows, columns, spots } = arrange(['510106', '510104', '510105', '510107'])
    expect([rows, columns]).toEqual([2, 3])
    expect(spots.get('510104')).toEqual({ row: 1, column: 1 })
    expect(spots.get('510107')).toEqual({ row: 2, column: 1 })
  })

  it('is a plain grid for a part of Guangxi, too, where the known places would leave holes', () => {
    expect(arrange(GUANGXI.slice(0, 3)).spots.get('450100')).toEqual({ row: 1, column: 1 })
  })

  it('has a place for each of any number of cities', () => {
    for (let n = 0; n <= 40; n += 1) {
      const { rows, columns, spots } = arrange(Array.from({ length: n }, (_, i) => String(100 + i)))
      expect(spots.size).toBe(n)
      expect([...spots.values()].every(({ row, column }) => row <= rows && column <= columns)).toBe(true)
    }
  })
})

describe('the shape of the window', () => {
  it('holds the 14 cities of Guangxi on one page of a usual screen', () => {
    for (const [width, height] of [[1280, 720], [1920, 1080], [3840, 2160], [1024, 768], [1080, 1920]] as const) {
      const shape = shapeOf(width, height)
      expect(shape.is).not.toBe('phone')
      expect(shape.cityRows).toBeGreaterThanOrEqual(14)
    }
  })

  it('scales with the screen: 1 at 1280×720, 1.5 at 1920×1080', () => {
    expect(shapeOf(1280, 720).unit).toBe(1)
    expect(shapeOf(1920, 1080).unit).toBe(1.5)
  })

  it('lets a phone scroll, whichever way it is held', () => {
    expect([shapeOf(360, 740).is, shapeOf(740, 360).is, shapeOf(412, 915).is]).toEqual(['phone', 'phone', 'phone'])
  })
})

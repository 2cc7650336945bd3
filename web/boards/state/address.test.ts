import { describe, expect, it } from 'vitest'
import { readAddress, readPlace, USUAL_TURN_S, writeAddress, writePlace } from './address'

describe('the address of a screen', () => {
  it('says view, index, round and seconds a page', () => {
    expect(readAddress('?view=city:450200&by=per_10k&round=daily&turn=20')).toEqual({ view: 'city:450200', by: 'per_10k', round: 'daily', turn: 20 })
  })

  it('comes back as it was written', () => {
    for (const view of ['cities', 'region', 'city:450200', 'county:450204', 'group:youth', 'city:450200/group:youth']) {
      for (const turn of [0, 5, USUAL_TURN_S, 60]) {
        const address = { view, by: 'mean_best', round: 'daily', turn }
        expect(readAddress(writeAddress(address))).toEqual(address)
      }
    }
  })

  it('is short and can be read out: no %3A, nothing that is usual anyway', () => {
    expect(writeAddress({ view: 'city:450200', by: undefined, round: undefined, turn: USUAL_TURN_S })).toBe('?view=city:450200')
    expect(writeAddress(readAddress(''))).toBe('')
  })

  it('shows the cities where it was mistyped', () => {
    for (const search of ['', '?view=', '?view=citie', '?view=city:', '?view=county:1/group:2', '?view=organisation:9']) {
      expect(readAddress(search).view).toBe('cities')
    }
  })

  it('never turns pages faster than one can read, and takes 0 for never', () => {
    const turns = ['', '?turn=', '?turn=soon', '?turn=0', '?turn=-3', '?turn=1', '?turn=99999'].map((search) => readAddress(search).turn)
    expect(turns).toEqual([USUAL_TURN_S, USUAL_TURN_S, USUAL_TURN_S, 0, 0, 5, 600])
  })
})

describe('the place of a board', () => {
  it('is read from a scope and written as the narrowest scope that the wire has', () => {
    expect(readPlace('city:450200/group:youth')).toEqual({ city: '450200', county: undefined, group: 'youth' })
    expect(writePlace({ city: '450200', county: '450204', group: 'youth' })).toBe('county:450204')
    expect(writePlace({ city: '450200', county: undefined, group: 'youth' })).toBe('city:450200/group:youth')
    expect(writePlace({ city: undefined, county: undefined, group: 'youth' })).toBe('group:youth')
    expect(writePlace({ city: undefined, county: undefined, group: undefined })).toBe('region')
  })
})

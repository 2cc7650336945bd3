import { describe, expect, it } from 'vitest'
import { figures, levelWords, tileNames } from './words'

const M = 1_000_000

describe('the figures of a column', () => {
  it('keep different values apart, with as few decimals as that takes', () => {
    const close = [0.0961 * M, 0.1028 * M, 0.129 * M]
    expect(close.map(figures('per_10k', close).cell)).toEqual(['0.096', '0.103', '0.129'])
    const far = [93.1 * M, 81.4 * M, null]
    expect(figures('per_10k', far).cell(93.1 * M)).toBe('93.1')
    // Equal values are equal; no number of decimals parts them.
    expect(figures('mean_best', [78 * M, 78 * M]).cell(78 * M)).toBe('78.0')
  })

  it('have their thousands apart, and become short where a tile is narrow', () => {
    const { cell, tile } = figures('attempts', [1_312_500 * M])
    expect([cell(1_312_500 * M), tile(1_312_500 * M), tile(99_999 * M)]).toEqual(['1,312,500', '131.3万', '99,999'])
  })

  it('are out of a hundred where they are shares', () => {
    const { cell, tile } = figures('full_marks', [125_000])
    expect([cell(125_000), tile(125_000)]).toEqual(['12.5', '12.5%'])
    expect(figures('composite', [1_000_000]).cell(1_000_000)).toBe('100.0')
  })
})

describe('the names of places', () => {
  it('follow the region\'s levels', () => {
    expect(levelWords(['自治区', '设区市', '县（市、区）'])).toEqual({ whole: '全区', city: '市', county: '县（市、区）' })
    expect(levelWords(['市', '区（市）县'])).toEqual({ whole: '全市', city: '区（市）县', county: undefined })
  })

  it('lose 市 on tiles only where every place is one', () => {
    const city = (name: string) => ({ code: name, name, counties: [] })
    expect([...tileNames([city('桂林市'), city('防城港市')]).values()]).toEqual(['桂林', '防城港'])
    expect([...tileNames([city('锦江区'), city('都江堰市')]).values()]).toEqual(['锦江区', '都江堰市'])
  })
})

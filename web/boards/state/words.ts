// How this region's places and this page's figures are called.
import { count } from '../../shared/format'
import type { Season } from '../../shared/protocol'

export interface LevelWords {
  /** 全区, 全省, 全市 */
  whole: string
  /** 市, 区（市）县 */
  city: string
  /** 县（市、区）; undefined where the season has no third level. */
  county: string | undefined
}

export function levelWords(levels: readonly string[]): LevelWords {
  const top = levels[0] ?? ''
  const city = levels[1] ?? ''
  return {
    whole: `全${top.slice(-1) || '区'}`,
    // People say 各市, not 各设区市.
    city: city === '设区市' || city === '地级市' || city === '' ? '市' : city,
    county: levels[2],
  }
}

/** 桂林市 is 桂林 on its tile, where all are 市; among districts and counties each keeps its whole name. */
export function tileNames(cities: Season['cities']): Map<string, string> {
  const allTowns = cities.every(({ name }) => name.length > 2 && name.slice(-1) === '市')
  return new Map(cities.map(({ code, name }): [string, string] => [code, allTowns ? name.slice(0, -1) : name]))
}

const UNITS: Record<string, string> = {
  participants: '人',
  attempts: '次',
  capped_attempts: '次',
  per_10k: '人',
  mean_best: '分',
  full_marks: '%',
  composite: '满分 100',
}

/** Undefined: an index of a newer server, whose name has to do. */
export const unitOf = (index: string): string | undefined => UNITS[index]

/** Whole numbers have their thousands apart; of the others a column shows as many decimals as keep its places apart. */
const WHOLE: readonly string[] = ['participants', 'attempts', 'capped_attempts']
const MILLION = 1_000_000
const DECIMALS_MAX = 3
/** A tile is narrow: from here on it says 12.0万, and never more than two decimals. */
const TILE_MAX = 100_000
const TILE_DECIMALS_MAX = 2

/** How a column of one index writes its values, in a cell (its heading says the unit) and on a tile. */
export interface Figures {
  cell: (millionths: number) => string
  tile: (millionths: number) => string
}

export function figures(index: string, values: readonly (number | null)[]): Figures {
  if (WHOLE.includes(index)) {
    const cell = (value: number) => count(value / MILLION)
    return { cell, tile: (value) => (value / MILLION >= TILE_MAX ? `${(value / MILLION / 10_000).toFixed(1)}万` : cell(value)) }
  }
  // Shares and the composite are said out of a hundred.
  const scale = index === 'full_marks' || index === 'composite' ? MILLION / 100 : MILLION
  const known = values.filter((value): value is number => value !== null)
  const distinct = new Set(known).size
  const apart = (decimals: number) => new Set(known.map((value) => (value / scale).toFixed(decimals))).size === distinct
  const decimals = [1, 2].find(apart) ?? DECIMALS_MAX
  const sign = index === 'full_marks' ? '%' : ''
  return {
    cell: (value) => (value / scale).toFixed(decimals),
    tile: (value) => (value / scale).toFixed(Math.min(decimals, TILE_DECIMALS_MAX)) + sign,
  }
}

export const people = (n: number): string => `${count(n)} 人`

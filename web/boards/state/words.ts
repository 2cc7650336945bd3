// How this region's places and this page's figures are called.
import { count, indexValue } from '../../shared/format'
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

/** From here on a tile says 12.0万. */
const TILE_MAX = 100_000

/** Short enough for a tile of 60 pixels. */
export function tileValue(index: string, millionths: number): string {
  const value = millionths / 1_000_000
  return value >= TILE_MAX ? `${(value / 10_000).toFixed(1)}万` : indexValue(index, millionths)
}

/** In a column whose heading says the unit. */
export const cellValue = (index: string, millionths: number): string => indexValue(index, millionths).replace('%', '')

export const people = (n: number): string => `${count(n)} 人`

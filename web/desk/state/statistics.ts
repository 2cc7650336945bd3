// Statistics in the words of people, and what the list shows, kept in the address.
import type { StatisticsFilter } from '../api/statistics'
import type { AlarmCode, OptionFigures, QuestionFigures } from '../api/types'
import { letter } from '../../shared/format'

export const PAGE = 50

export const ALARMS: Record<AlarmCode, string> = {
  best_choose_wrong: '高分者选错',
  facility_jump: '正确率突升',
  time_collapse: '用时骤降',
  nobody_chooses: '选项无人选',
}

/** With fewer papers a figure says little. */
export const FEW = 50

export const SORTS = ['alarms', 'shown', 'facility', 'discrimination', 'efficiency', 'time'] as const
export type Sort = (typeof SORTS)[number]

export interface Looking {
  filter: StatisticsFilter
  sort: Sort
  descending: boolean
  page: number
}

const FILTERS = ['bank', 'round', 'version', 'from', 'to', 'alarm'] as const

export function readLooking(query: Record<string, string>): Looking {
  const filter: StatisticsFilter = {}
  for (const name of FILTERS) if (query[name]) filter[name] = query[name]
  const sort = SORTS.find((one) => one === query['sort']) ?? 'alarms'
  const page = Number(query['page'])
  return { filter, sort, descending: query['descending'] === undefined ? usualOrder(sort) : query['descending'] === 'true', page: Number.isInteger(page) && page > 0 ? page : 1 }
}

export function writeLooking({ filter, sort, descending, page }: Looking): Record<string, string> {
  const query: Record<string, string> = {}
  for (const name of FILTERS) if (filter[name]) query[name] = filter[name]
  if (sort !== 'alarms') query['sort'] = sort
  if (descending !== usualOrder(sort)) query['descending'] = String(descending)
  if (page > 1) query['page'] = String(page)
  return query
}

/** What one looks for first: the most pressing, the most shown; the hardest, the least telling, the fastest. */
export const usualOrder = (sort: Sort) => sort === 'alarms' || sort === 'shown'

/** A column's head was clicked: by it, or the other way round. */
export function sorted(looking: Looking, sort: Sort): Looking {
  return { ...looking, sort, descending: looking.sort === sort ? !looking.descending : usualOrder(sort), page: 1 }
}

/** Another bank has other versions. */
export function narrowed(looking: Looking, change: StatisticsFilter): Looking {
  const filter = { ...looking.filter, ...change }
  if ('bank' in change && !('version' in change)) filter.version = undefined
  return { ...looking, filter, page: 1 }
}

/** With so many decimals; what is rounded to nothing has no sign. */
const rounded = (value: number, decimals: number) => value.toFixed(decimals).replace(/^-(?=0\.?0*$)/, '')
export const percent = (share: number | null) => (share === null ? '—' : `${rounded(share * 100, 1)}%`)
export const figure = (value: number | null) => (value === null ? '—' : rounded(value, 2))
export const seconds = (ms: number | null) => (ms === null ? '—' : `${(ms / 1000).toFixed(1)} 秒`)

/** How a question did, in a word. The bounds are those that docs/statistics.md names. */
export function facilityWord(facility: number | null): string {
  if (facility === null) return ''
  if (facility >= 0.95) return '太容易'
  if (facility >= 0.7) return '偏易'
  if (facility >= 0.3) return '适中'
  return facility >= 0.1 ? '偏难' : '太难'
}

export function discriminationWord(index: number | null): string {
  if (index === null) return ''
  if (index >= 0.4) return '好'
  if (index >= 0.3) return '较好'
  if (index >= 0.2) return '尚可'
  return index >= 0 ? '差' : '反了'
}

export const optionName = (kind: QuestionFigures['kind'], option: OptionFigures) => (kind === 'true_false' ? option.text : letter(option.index))

/** 2026-09-01 → 9月1日 */
export function dayName(day: string): string {
  const [, month, date] = day.split('-')
  return `${Number(month)}月${Number(date)}日`
}

// What the charts of statistics draw: each shows what the table beside it says.
import type { DayCount, DayFigures, HourCount, PlaceCount, QuestionStatistics } from '../api/types'
import { dayName, optionName } from './statistics'

/** One that a chart may paint with; which one it is, look/ says. */
export type Colour = 'jade' | 'bronze' | 'soft'

export interface Series {
  name: string
  shape: 'bar' | 'line'
  colour: Colour
  values: (number | null)[]
  /** By the axis on the right. */
  right?: boolean
}

export interface Chart {
  labels: string[]
  series: Series[]
  /** Of the axes: left, right. */
  units: [Unit, Unit?]
  /** Bars lie, with the labels beside them. */
  lying?: boolean
}

export type Unit = 'percent' | 'seconds' | 'count'

export const UNITS: Record<Unit, string> = { percent: '%', seconds: ' 秒', count: '' }

const percent = (share: number | null) => (share === null ? null : Math.round(share * 1000) / 10)

export function optionsChart({ kind, options, group }: Pick<QuestionStatistics, 'kind' | 'options' | 'group'>): Chart {
  const series: Series[] = [{ name: '全部', shape: 'bar', colour: 'soft', values: options.map(({ share }) => percent(share)) }]
  if (group > 0) {
    series.unshift({ name: '最好的 27%', shape: 'bar', colour: 'jade', values: options.map(({ share_top }) => percent(share_top)) })
    series.push({ name: '最弱的 27%', shape: 'bar', colour: 'bronze', values: options.map(({ share_bottom }) => percent(share_bottom)) })
  }
  return { labels: options.map((option) => `${optionName(kind, option)}${option.key ? '（答案）' : ''}`), series, units: ['percent'] }
}

export function daysChart(days: readonly DayFigures[]): Chart {
  return {
    labels: days.map(({ day }) => dayName(day)),
    series: [
      { name: '正确率', shape: 'line', colour: 'jade', values: days.map(({ facility }) => percent(facility)) },
      { name: '平均用时', shape: 'line', colour: 'bronze', right: true, values: days.map(({ mean_ms }) => (mean_ms === null ? null : mean_ms / 1000)) },
    ],
    units: ['percent', 'seconds'],
  }
}

const people = (counts: readonly { starts: number; participants: number }[], name = '人数'): Series[] => [
  { name: '答题次数', shape: 'bar', colour: 'jade', values: counts.map(({ starts }) => starts) },
  { name, shape: 'bar', colour: 'bronze', values: counts.map(({ participants }) => participants) },
]

export const daysCountChart = (days: readonly DayCount[]): Chart => ({ labels: days.map(({ day }) => dayName(day)), series: people(days), units: ['count'] })
export const hoursChart = (hours: readonly HourCount[]): Chart => ({ labels: hours.map(({ hour }) => `${hour} 时`), series: people(hours, '人次'), units: ['count'] })
/** The first at the top. */
export const placesChart = (places: readonly PlaceCount[]): Chart => ({ labels: places.map(({ name }) => name), series: people(places), units: ['count'], lying: true })

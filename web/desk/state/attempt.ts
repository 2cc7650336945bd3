// An attempt's events in words, and moments to the millisecond in the season's time zone.
import { civil } from '../../shared/format'

export const EVENTS: Record<string, { name: string; look: string }> = {
  started: { name: '开始', look: 'jade' },
  asked: { name: '送出', look: '' },
  answered: { name: '作答', look: '' },
  passed: { name: '放弃', look: '' },
  timed_out: { name: '超时', look: 'wrong' },
  left: { name: '未答', look: 'wrong' },
  dropped: { name: '断线', look: 'bronze' },
  resumed: { name: '回来', look: 'bronze' },
  superseded: { name: '换机', look: 'bronze' },
  outage: { name: '停机', look: 'bronze' },
  paused: { name: '暂停', look: 'bronze' },
  time_given: { name: '加时', look: 'jade' },
  reported: { name: '报告', look: '' },
  handed_in: { name: '交卷', look: 'jade' },
  handed_back: { name: '退还', look: 'bronze' },
  ended: { name: '结束', look: 'jade' },
  corrected: { name: '更正', look: 'bronze' },
}

const pad = (value: number, width = 2) => String(value).padStart(width, '0')

/** 19:32:05.120 */
export function timeIn(at: number, zone: string): string {
  const { hour, minute, second } = civil(at, zone)
  return `${pad(hour)}:${pad(minute)}:${pad(second)}.${pad(((at % 1000) + 1000) % 1000, 3)}`
}

/** 2026-09-01 19:32:05 */
export function momentIn(at: number, zone: string): string {
  const { year, month, day, hour, minute, second } = civil(at, zone)
  return `${year}-${pad(month)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}`
}

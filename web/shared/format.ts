// How numbers, times and durations are said in Chinese.

const pad = (value: number) => String(value).padStart(2, '0')

/** Thousands with commas: 31,204. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
}

/** What a person spent: 「1 分 33.4 秒」. */
export function elapsed(ms: number): string {
  const tenths = Math.round(ms / 100)
  const minutes = Math.floor(tenths / 600)
  const seconds = (tenths % 600) / 10
  return minutes > 0 ? `${minutes} 分 ${seconds.toFixed(1)} 秒` : `${seconds.toFixed(1)} 秒`
}

/** The same in a table's column: 1:33.4. */
export function elapsedShort(ms: number): string {
  const tenths = Math.round(ms / 100)
  return `${Math.floor(tenths / 600)}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`
}

/** A limit as rules say it: 「30 秒」「10 分钟」「1 分 40 秒」. */
export function limit(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} 秒`
  const rest = seconds % 60
  return rest === 0 ? `${seconds / 60} 分钟` : `${Math.floor(seconds / 60)} 分 ${rest} 秒`
}

/** Whole seconds that are left, never a second too few: 21 while 20.1 s are left. */
export function secondsLeft(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000))
}

/** A clock that runs down: 9:05. */
export function clockLeft(ms: number): string {
  const seconds = secondsLeft(ms)
  return `${Math.floor(seconds / 60)}:${pad(seconds % 60)}`
}

/** How long until a window opens: 「3 天 4 小时」「2 小时 5 分」「4 分 09 秒」. */
export function until(ms: number): string {
  const seconds = secondsLeft(ms)
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  if (days > 0) return `${days} 天 ${hours % 24} 小时`
  if (hours > 0) return `${hours} 小时 ${minutes % 60} 分`
  return minutes > 0 ? `${minutes} 分 ${pad(seconds % 60)} 秒` : `${seconds} 秒`
}

export interface CivilTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

/** A moment in the season's time zone, whatever zone the phone is set to. */
export function civil(at: number, timeZone: string): CivilTime {
  const parts: Record<string, number> = {}
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      hour12: false,
    })
    for (const { type, value } of format.formatToParts(at)) parts[type] = Number(value)
  } catch {
    // A zone that this phone does not know: its own clock is the best that is left.
    const local = new Date(at)
    Object.assign(parts, {
      year: local.getFullYear(),
      month: local.getMonth() + 1,
      day: local.getDate(),
      hour: local.getHours(),
      minute: local.getMinutes(),
      second: local.getSeconds(),
    })
  }
  return {
    year: parts['year'] ?? 0,
    month: parts['month'] ?? 0,
    day: parts['day'] ?? 0,
    hour: (parts['hour'] ?? 0) % 24, // some engines say 24 at midnight
    minute: parts['minute'] ?? 0,
    second: parts['second'] ?? 0,
  }
}

/** 2026年8月1日 */
export function date(at: number, zone: string): string {
  const { year, month, day } = civil(at, zone)
  return `${year}年${month}月${day}日`
}

/** 8月1日 19:32 */
export function dayTime(at: number, zone: string): string {
  const { month, day, hour, minute } = civil(at, zone)
  return `${month}月${day}日 ${pad(hour)}:${pad(minute)}`
}

/** When a window closes, said as rules say it: midnight belongs to the day that ends, 11月30日 24:00. So do the seconds after it by which an
 *  absence of the server has moved the end on. */
export function closing(at: number, zone: string): string {
  const { hour, minute } = civil(at, zone)
  if (hour !== 0 || minute !== 0) return dayTime(at, zone)
  const { month, day } = civil(at - 60_000, zone)
  return `${month}月${day}日 24:00`
}

/** 19:32:05 */
export function timeOfDay(at: number, zone: string): string {
  const { hour, minute, second } = civil(at, zone)
  return `${pad(hour)}:${pad(minute)}:${pad(second)}`
}

/** A window: 2026年8月1日—11月30日. It ends as `closing` says it: midnight, and the seconds after it, belong to the day before. */
export function span(opens: number, closes: number, zone: string): string {
  const from = civil(opens, zone)
  const to = civil(closes - 60_000, zone)
  const end = `${to.month}月${to.day}日`
  return `${date(opens, zone)}—${from.year === to.year ? end : `${to.year}年${end}`}`
}

/** Twelve characters in fours, to be read out over a telephone: 7KQ2 M9TD 41XC. */
export function inFours(code: string): string {
  return code.replace(/[\s-]/g, '').replace(/(.{4})(?=.)/g, '$1 ')
}

const LETTERS = 'ABCDEFGHIJ'

/** The letter of an option as it was shown. */
export function letter(choice: number): string {
  return LETTERS[choice] ?? String(choice + 1)
}

export const KIND_NAMES = { true_false: '判断题', single: '单选题', multiple: '多选题' } as const

/** A city index on the wire is in millionths; each is said in the way that people know it. */
export function indexValue(index: string, millionths: number): string {
  const value = millionths / 1_000_000
  switch (index) {
    case 'participants':
    case 'attempts':
    case 'capped_attempts':
      return count(value)
    case 'full_marks':
      return `${(value * 100).toFixed(1)}%`
    case 'composite':
      return (value * 100).toFixed(1)
    default:
      return value.toFixed(1)
  }
}

// A season that is being written: pure helpers of its form. Paths are those of a season file, as faults name them.
import type { FieldFault, RoundFile, RoundSentences, SeasonCheck, SeasonFile, SectionFile, Typed } from '../api/types'

/** `round.daily`, or `round[2]` while it has no id. */
export const pathOfRound = (round: RoundFile, place: number) => (round.id ? `round.${round.id}` : `round[${place + 1}]`)

/** Faults of one field; of a list also those of its items. */
export function faultsAt(faults: readonly FieldFault[], path: string): FieldFault[] {
  return faults.filter((fault) => fault.path === path || fault.path.startsWith(`${path}[`))
}

/** Faults of a field and of everything in it. */
export function faultsWithin(faults: readonly FieldFault[], path: string): FieldFault[] {
  return faults.filter((fault) => fault.path === path || fault.path.startsWith(`${path}.`) || fault.path.startsWith(`${path}[`))
}

const listOf = <T>(value: unknown): T[] | undefined => (value === undefined || value === null ? undefined : ((Array.isArray(value) ? value : [value]) as T[]))

/** A file may say one where a list is meant; a form always has a list. */
export function normalised(file: SeasonFile): SeasonFile {
  return pruned({ ...file, hosts: listOf<string>(file.hosts), organisers: listOf<string>(file.organisers), not_played: listOf<string>(file.not_played), round: (file.round ?? []).map(normalisedRound) } as SeasonFile)
}

export function normalisedRound(round: RoundFile): RoundFile {
  const section = (one: SectionFile) => ({ ...one, kind: listOf<string>(one.kind), topics: listOf<string>(one.topics), difficulties: listOf<number>(one.difficulties) })
  return pruned({ ...round, groups: listOf<string>(round.groups), section: (round.section ?? []).map(section) } as RoundFile)
}

/** Without what is not filled in: empty texts, empty lists, tables without anything. */
export function pruned<T>(value: T): T {
  return (prune(value) ?? {}) as T
}

function prune(value: unknown): unknown {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string') return value.trim() === '' ? undefined : value
  if (Array.isArray(value)) {
    const items = value.map(prune).filter((item) => item !== undefined)
    return items.length === 0 ? undefined : items
  }
  if (typeof value === 'object') {
    const pairs = Object.entries(value)
      .map(([key, below]) => [key, prune(below)] as const)
      .filter(([, below]) => below !== undefined)
    return pairs.length === 0 ? undefined : Object.fromEntries(pairs)
  }
  return value
}

/** What was typed where a number should be: a number, nothing, or the text for the server to name. */
export function typed(text: string): Typed | undefined {
  const plain = text.trim().replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
  if (plain === '') return undefined
  return /^\d{1,9}$/.test(plain) ? Number(plain) : plain
}

export interface Window {
  always: boolean
  from: string
  fromTime: string
  until: string
  untilTime: string
}

type Dated = Pick<SeasonFile, 'opens' | 'closes' | 'last_day' | 'always_open'>

/** Days and times of a file as a form has them; an end without a time is the end of that day. */
export function windowOf({ opens = '', closes = '', last_day = '', always_open = false }: Dated): Window {
  const [from = '', fromTime = ''] = opens.split(/[T ]/)
  const [until = '', untilTime = ''] = (closes || last_day).split(/[T ]/)
  const short = (time: string) => (time === '24:00' || time === '24:00:00' ? '' : time.slice(0, 5))
  return { always: always_open, from, fromTime: short(fromTime), until, untilTime: short(untilTime) }
}

export function datedOf({ always, from, fromTime, until, untilTime }: Window): Dated {
  const opens = from === '' ? {} : { opens: fromTime === '' || fromTime === '00:00' ? from : `${from}T${fromTime}:00` }
  if (always) return { ...opens, always_open: true }
  if (until === '') return opens
  return untilTime === '' ? { ...opens, last_day: until } : { ...opens, closes: `${until}T${untilTime}:00` }
}

/** A round with another window; everything else stays. */
export function withWindow<T extends Dated>(table: T, window: Window): T {
  const rest = { ...table }
  delete rest.opens
  delete rest.closes
  delete rest.last_day
  delete rest.always_open
  return { ...rest, ...datedOf(window) }
}

/** An id that no round has yet. */
export function freshId(rounds: readonly RoundFile[], wanted: string): string {
  const taken = new Set(rounds.map((round) => round.id))
  if (!taken.has(wanted)) return wanted
  for (let n = 2; ; n++) if (!taken.has(`${wanted}-${n}`)) return `${wanted}-${n}`
}

export function newRound(rounds: readonly RoundFile[], bank: string | undefined): RoundFile {
  const id = freshId(rounds, 'daily')
  return { id, name: '每日竞赛', ...(bank === undefined ? {} : { bank }), question_seconds: 30, attempts_per_day: 3, tally: 'best', feedback: 'after_paper', counts: true, hand_back: true, section: [{ count: 10, points: 10 }] }
}

/** A preset's rounds, with ids that are free; a gate goes on meaning the same round. */
export function roundsOfPreset(preset: readonly { round: RoundFile }[], rounds: readonly RoundFile[], bank: string | undefined): RoundFile[] {
  const names = new Map<string, string>()
  const made: RoundFile[] = []
  for (const { round } of preset) {
    const id = freshId([...rounds, ...made], round.id ?? 'round')
    names.set(round.id ?? '', id)
    const gate = round.gate === undefined ? {} : { gate: { ...round.gate, round: names.get(round.gate.round ?? '') ?? round.gate.round ?? '' } }
    const own = { ...normalisedRound(round) }
    // Groups are the season's own, and those of another contest are not among them.
    delete own.groups
    made.push({ ...own, ...gate, id, ...(bank === undefined ? {} : { bank }) })
  }
  return made
}

/** The sentences of a round; of one that is repeated every week those of its first week. */
export function sentencesOf(check: SeasonCheck | null, round: RoundFile): RoundSentences | undefined {
  const all = check?.rounds ?? []
  return all.find(({ id }) => id === round.id) ?? all.find(({ id }) => round.repeat === 'week' && id === `${round.id}-1`)
}

const NAMES: Record<string, string> = {
  name: '名称',
  id: '编号',
  opens: '开始',
  closes: '结束',
  last_day: '最后一天',
  always_open: '一直开放',
  time_zone: '时区',
  region: '地区',
  organisations: '单位名单',
  hosts: '主办单位',
  organisers: '承办单位',
  tally: '多次成绩的算法',
  groups: '组别',
  contact: '联系方式',
  prizes: '奖项',
  privacy: '个人信息保护说明',
  filings: '网站备案号',
  faq: '常见问题',
  question: '问题',
  answer: '回答',
  bank: '题库',
  question_seconds: '每题时限',
  paper_seconds: '整卷时限',
  grace_ms: '时限宽限',
  elapsed_floor_ms: '每题最少计的用时',
  reading_seconds: '看解析的时间',
  attempts_per_day: '每天次数',
  attempts_per_week: '每周次数',
  attempts_in_all: '总次数',
  feedback: '答案公布',
  counts: '计入成绩',
  section: '题目',
  count: '题数',
  points: '分值',
  kind: '题型',
  topics: '主题',
  difficulties: '难度',
  threshold: '按答对题数计分',
  right: '答对题数',
  gate: '热身关',
  round: '场次',
  composite: '综合指数',
  cities: '城市指数',
  consent: '同意书版本',
  repeat: '每周重来',
  multiple: '多选题计分',
  draw_period: '抽题密码的周期',
  not_played: '本赛季没有的',
}

/** Where a fault stands, as people say it: 场次「每日竞赛」· 第 1 节 · 题数. */
export function placeOf(path: string, rounds: readonly RoundFile[]): string {
  const parts: string[] = []
  for (const part of path.split('.')) {
    const [, name = '', place] = /^(.*?)(?:\[(\d+)\])?$/.exec(part) ?? []
    if (parts.length === 0 && name === 'round' && place !== undefined) parts.push(`第 ${place} 个场次`)
    else if (parts[0] === '场次' && parts.length === 1) parts[0] = `场次「${rounds.find(({ id }) => id === name)?.name ?? name}」`
    else if (name === 'about' && parts.length === 0) continue
    else if (name === 'section' && place !== undefined) parts.push(`第 ${place} 节`)
    else parts.push(`${NAMES[name] ?? name}${place === undefined ? '' : ` ${place}`}`)
  }
  return parts.join(' · ')
}

/** The page on which a fault is mended. */
export const pageOf = (path: string): string[] => {
  const [, id] = /^round\.([^.[]+)/.exec(path) ?? []
  return id === undefined ? [path.startsWith('round') ? 'rounds' : 'settings'] : ['rounds', id]
}

export interface Bar {
  id: string
  name: string
  counts: boolean
  /** Of the whole calendar, in percent. */
  from: number
  width: number
  /** It has no end. */
  endless: boolean
}

export interface Calendar {
  /** First days of months. */
  months: { say: string; from: number; width: number }[]
  bars: Bar[]
  /** Times within the season at which no round counts: from, to. */
  gaps: [number, number][]
  /** Counted rounds that are open at the same time. */
  overlaps: [string, string][]
  today: number | null
}

const DAY_MS = 86_400_000
/** What is always open is shown for so long. */
const SHOWN_MS = 90 * DAY_MS

/** Months in one column of the calendar, and how many columns find room. */
const STEPS = [1, 2, 3, 6, 12, 24, 60, 120]
const COLUMNS_MAX = 14

type Row = Pick<RoundSentences, 'id' | 'name' | 'opens' | 'closes' | 'counts'>

/** Months with rounds as bars. `offset` is the time zone's, in milliseconds east. */
export function calendarOf(rounds: readonly Row[], now: number, offset: number): Calendar | null {
  if (rounds.length === 0) return null
  const opens = rounds.map((round) => (round.opens > 0 ? round.opens : now))
  const first = Math.min(...opens)
  const closes = rounds.map((round, place) => round.closes ?? Math.max(now, opens[place]!) + SHOWN_MS)
  const [start, end] = [monthStart(first, offset, 0), monthStart(Math.max(...closes) - 1, offset, 1)]
  const percent = (ms: number) => (100 * ms) / (end - start)
  const months: Calendar['months'] = []
  const step = STEPS.find((months) => (end - start) / (months * 30 * DAY_MS) <= COLUMNS_MAX) ?? STEPS.at(-1)!
  for (let at = start; at < end; at = monthStart(at, offset, step)) {
    const month = new Date(at + offset)
    const [year, name] = [`${month.getUTCFullYear()}年`, `${month.getUTCMonth() + 1}月`]
    const say = step >= 12 ? year : month.getUTCMonth() === 0 || at === start ? year + name : name
    months.push({ say, from: percent(at - start), width: percent(Math.min(monthStart(at, offset, step), end) - at) })
  }
  const bars = rounds.map((round, place) => ({
    id: round.id,
    name: round.name,
    counts: round.counts,
    from: percent(opens[place]! - start),
    width: percent((round.closes === null ? end : closes[place]!) - opens[place]!),
    endless: round.closes === null,
  }))
  const counted = rounds.map((round, place) => ({ round, opens: opens[place]!, closes: round.closes ?? end })).filter(({ round }) => round.counts)
  counted.sort((one, other) => one.opens - other.opens)
  const gaps: Calendar['gaps'] = []
  const overlaps: Calendar['overlaps'] = []
  let covered = counted[0]?.closes ?? 0
  for (const [place, one] of counted.entries()) {
    if (place > 0 && one.opens > covered) gaps.push([covered, one.opens])
    for (const other of counted.slice(place + 1)) if (other.opens < one.closes) overlaps.push([one.round.name, other.round.name])
    covered = Math.max(covered, one.closes)
  }
  return { months, bars, gaps, overlaps, today: now >= start && now < end ? percent(now - start) : null }
}

/** Midnight of the first of the month of `at`, so many months later. */
function monthStart(at: number, offset: number, later: number): number {
  const there = new Date(at + offset)
  return Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + later, 1) - offset
}

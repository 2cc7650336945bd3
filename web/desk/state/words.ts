// What people read for what programs send.
import { KIND_NAMES, letter } from '../../shared/format'
import type { Difficulty, ExportFormat, Import, Kind, Standing, State } from '../api/types'

export const STATES: Record<State, string> = {
  draft: '草稿',
  submitted: '待审',
  returned: '已退回',
  approved: '已通过',
  published: '已发布',
  rested: '已停用',
}

export const KINDS: Record<Kind, string> = KIND_NAMES
export const kindName = (kind: Kind | null) => (kind === null ? '未定题型' : KINDS[kind])

export const DIFFICULTIES: Record<Difficulty, string> = { 1: '易', 2: '中', 3: '难' }
export const difficultyName = (difficulty: Difficulty | null) => (difficulty === null ? '未定' : DIFFICULTIES[difficulty])

export const STANDINGS: Record<Standing, string> = { ready: '可导入', to_check: '待核对', refused: '不能导入', saved: '已导入', skipped: '已跳过' }

export const IMPORT_STATES: Record<Import['state'], string> = {
  reading: '正在读取',
  preview: '等待核对',
  saving: '正在存入',
  saved: '已完成',
  failed: '没有读成',
}

export const FORMATS: Record<string, string> = {
  xlsx: 'Excel 表格（.xlsx）',
  xls: '旧版 Excel 表格（.xls）',
  docx: 'Word 文档（.docx）',
  csv: 'CSV 表格',
  text: '文字（题号、选项、【答案】）',
  toml: '题库文件（.toml）',
  json: 'JSON',
  gift: 'GIFT（Moodle 文本题）',
  aiken: 'Aiken',
  moodle_xml: 'Moodle XML',
  qti: 'QTI（2.1、2.2、3.0）',
}
export const formatName = (format: string) => FORMATS[format] ?? format

export const EXPORTS: readonly ExportFormat[] = ['xlsx', 'csv', 'json', 'gift', 'moodle_xml', 'qti', 'toml']

/** What a column of a table can hold. */
export const COLUMN_PARTS: readonly (readonly [string, string])[] = [
  ['stem', '题干'],
  ['kind', '题型'],
  ['options', '全部选项（在一格里）'],
  ['key', '答案'],
  ['explanation', '解析'],
  ['source', '来源'],
  ['difficulty', '难度'],
  ['topic', '主题'],
  ['contributor', '供题单位'],
  ['link', '链接'],
  ['points', '分值（不导入）'],
  ['fixed_order', '选项顺序固定'],
  ['id', '编号'],
  ['ignore', '不用这一列'],
]

export const OPTION_COLUMNS_MAX = 8

const PARTS: Record<string, string> = {
  ...Object.fromEntries(COLUMN_PARTS),
  whole: '整道题',
  options: '选项',
  media: '图片',
  fixed_order: '选项顺序',
  stem: '题干',
}

/** `stem` → 题干, `option:1` → 选项 B. */
export function partName(part: string): string {
  const [name = '', place] = part.split(':')
  if (name === 'option' && place !== undefined) return `选项 ${letter(Number(place))}`
  if (name === 'flag' && place !== undefined) return `选项 ${letter(Number(place))} 对不对`
  return PARTS[name] ?? part
}

/** A spreadsheet's column by its letters: 1 → A, 27 → AA. */
export function columnLetters(column: number): string {
  let letters = ''
  for (let rest = column; rest > 0; rest = Math.floor((rest - 1) / 26)) letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  return letters
}

const TABLES: readonly string[] = ['xlsx', 'xls', 'csv']

/** Where in the file a person finds it. */
export function placeName(format: string, row: number, column: number): string {
  if (TABLES.includes(format)) return column > 0 ? `${columnLetters(column)}${row} 格` : `第 ${row} 行`
  if (format === 'qti' || format === 'moodle_xml' || format === 'json') return `第 ${row} 项`
  return `第 ${row} 行`
}

/** How alike two questions are, said coarsely: the figure is no measure of sense. */
export function likeness(similarity: number, same: boolean): string {
  if (same) return '完全相同'
  return similarity >= 900 ? '几乎相同' : similarity >= 750 ? '很像' : '有些像'
}

/** 刚刚, 5 分钟前, 3 小时前; older things by their date. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000)
  if (minutes < 1) return '刚刚'
  if (minutes < 60) return `${minutes} 分钟前`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} 小时前`
  const days = Math.floor(minutes / (24 * 60))
  return days < 7 ? `${days} 天前` : moment(at)
}

const pad = (value: number) => String(value).padStart(2, '0')

/** 2026-08-01 19:32, in this computer's zone: staff sit where the contest is. */
export function moment(at: number): string {
  const local = new Date(at)
  return `${local.getFullYear()}-${pad(local.getMonth() + 1)}-${pad(local.getDate())} ${pad(local.getHours())}:${pad(local.getMinutes())}`
}

/** How long to wait, for a person who was slowed down. */
export function waiting(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000))
  return seconds < 60 ? `${seconds} 秒` : `${Math.ceil(seconds / 60)} 分钟`
}

const REVIEW_NAMES = { 1: '一审', 2: '二审', 3: '三审' } as const
export const reviewsName = (reviews: 1 | 2 | 3) => REVIEW_NAMES[reviews]

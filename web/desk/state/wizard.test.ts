import { expect, test } from 'vitest'
import type { Import, ImportRow } from '../api/types'
import { BLANK } from './draft'
import { firstPile, percent, pilesOf, recounted, rowAnswered, soleDoubts, stepOf } from './wizard'

const COUNTS = { ready: 5, to_check: 2, refused: 1, saved: 0, skipped: 0, same: 0 }
const job = (change: Partial<Import> = {}): Import => ({
  id: 'i',
  bank: 'b',
  name: '题.xlsx',
  at: 0,
  by: { id: 's', name: '韦兰' },
  state: 'preview',
  progress: { done: 0, of: 0 },
  format: 'xlsx',
  formats: ['xlsx', 'csv'],
  sheets: [],
  columns: [],
  mapping_needed: false,
  defaults: {},
  counts: COUNTS,
  remarks: [],
  ...change,
})
const row = (n: number, change: Partial<ImportRow> = {}): ImportRow => ({ n, row: n + 1, column: 1, standing: 'to_check', draft: BLANK, remarks: [], raw: '', similar: [], ...change })

test('each state of a file is a step, and columns come first where they are not known', () => {
  expect(stepOf(job({ state: 'reading' }), false)).toBe('reading')
  expect(stepOf(job({ mapping_needed: true }), false)).toBe('mapping')
  expect(stepOf(job(), true)).toBe('mapping')
  expect(stepOf(job(), false)).toBe('rows')
  expect(stepOf(job({ state: 'saving' }), true)).toBe('saving')
  expect(stepOf(job({ state: 'saved' }), false)).toBe('done')
  expect(stepOf(job({ state: 'failed' }), false)).toBe('failed')
})

test('what needs a person comes first', () => {
  expect(firstPile(job())).toBe('to_check')
  expect(firstPile(job({ counts: { ...COUNTS, to_check: 0 } }))).toBe('refused')
  expect(firstPile(job({ counts: { ...COUNTS, to_check: 0, refused: 0 } }))).toBe('ready')
  expect(firstPile(job({ counts: { ...COUNTS, ready: 0, to_check: 0, refused: 0, saved: 9 } }))).toBe('saved')
})

test('the three piles are always there, the others when they hold something', () => {
  expect(pilesOf(job()).map(({ standing }) => standing)).toEqual(['ready', 'to_check', 'refused'])
  expect(pilesOf(job({ counts: { ...COUNTS, saved: 3, skipped: 2, same: 1 } })).map(({ standing }) => standing)).toEqual(['ready', 'to_check', 'refused', 'same', 'saved', 'skipped'])
})

test('a mended row leaves its pile at once, and the counts go with it', () => {
  const page = { items: [row(1), row(2)], total: 12 }
  const ready = row(1, { standing: 'ready' })
  expect(rowAnswered(page, 'to_check', ready)).toEqual({ items: [row(2)], total: 11 })
  expect(recounted(job(), row(1), ready).counts).toEqual({ ...COUNTS, ready: 6, to_check: 1 })
  expect(recounted(job(), row(1), row(1, { standing: 'skipped' })).counts).toEqual({ ...COUNTS, to_check: 1, skipped: 1 })
})

test('a row that is still to be checked stays where it is, with its new words', () => {
  const mended = row(1, { draft: { ...BLANK, stem: '新' } })
  expect(rowAnswered({ items: [row(1)], total: 1 }, 'to_check', mended)).toEqual({ items: [mended], total: 1 })
})

test('progress never says more than all, nor divides by nothing', () => {
  expect(percent({ done: 0, of: 0 })).toBe(0)
  expect(percent({ done: 999, of: 1000 })).toBe(99)
  expect(percent({ done: 12, of: 10 })).toBe(100)
})

test('a kind of assumption is offered where a row hangs on it alone, and says whether it reads otherwise elsewhere', () => {
  const doubt = (code: string, message: string) => ({ row: 2, column: 1, gravity: 'to_check' as const, part: 'kind', code, message })
  const note = { ...doubt('part_marks', '不读'), gravity: 'note' as const }
  const rows = [
    row(1, { remarks: [doubt('kind_assumed', '当作判断题'), note] }),
    row(2, { remarks: [doubt('key_by_number', '答案「1」'), doubt('kind_assumed', '当作单选题')] }),
    row(3, { remarks: [doubt('key_by_number', '答案「2」')] }),
    row(4, { remarks: [doubt('key_by_number', '答案「3」')] }),
    row(5, { remarks: [note] }),
  ]
  expect(soleDoubts(rows)).toEqual([
    { code: 'kind_assumed', say: '当作判断题', varies: false },
    { code: 'key_by_number', say: '答案「2」', varies: true },
  ])
})

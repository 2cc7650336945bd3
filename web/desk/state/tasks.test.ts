import { expect, test } from 'vitest'
import type { Bank, Import } from '../api/types'
import { tasksOf, type Known } from './tasks'

const NO_COUNTS = { draft: 0, submitted: 0, returned: 0, approved: 0, published: 0, rested: 0 }
const MAY = { write: true, review: true, settings: true, publish: true }
const bank = (counts: Partial<Bank['counts']> = {}, may = MAY): Bank => ({
  id: 'kexue',
  name: '科学',
  reviews: 1,
  counts: { ...NO_COUNTS, ...counts },
  in_season: false,
  may,
  required: [],
  forbidden: [],
})
const known = (change: Partial<Known> = {}): Known => ({ roles: [{ role: 'administrator' }], banks: [bank({ published: 3 })], reviews: {}, returned: {}, imports: [], ...change })
const says = (change: Partial<Known>) => tasksOf(known(change)).map(({ say }) => say)

test('without a bank an administrator is led to the guide, anybody else to nothing', () => {
  expect(tasksOf(known({ banks: [] }))).toMatchObject([{ to: '#/guide' }])
  expect(says({ banks: [], roles: [{ role: 'editor', bank: null }] })).toEqual([])
})

test('reviews that others wait for come before one’s own drafts', () => {
  expect(says({ banks: [bank({ draft: 4, approved: 2 })], reviews: { kexue: 7 }, returned: { kexue: 1 } })).toEqual(['审 7 道题', '改 1 道退回的题', '发布「科学」', '把 4 道草稿送审'])
})

test('an auditor is asked to do nothing', () => {
  const nothing = { write: false, review: false, settings: false, publish: false }
  expect(says({ roles: [{ role: 'auditor' }], banks: [bank({ draft: 4, approved: 2 }, nothing)] })).toEqual([])
})

test('an import that was left is offered again, one that is done is not', () => {
  const job = { id: 'i', name: '题.xlsx', state: 'preview', counts: { ready: 3, to_check: 1, refused: 0, saved: 0 } } as Import
  expect(tasksOf(known({ imports: [job] }))).toMatchObject([{ say: '接着导入「题.xlsx」', to: '#/imports/i', count: 4 }])
  expect(says({ imports: [{ ...job, state: 'saved' }] })).toEqual([])
})

test('a second factor is asked for only of whoever is known to have none', () => {
  expect(says({ secondFactor: false })).toEqual(['给自己加上第二重验证'])
  expect(says({ secondFactor: true })).toEqual([])
  expect(says({})).toEqual([])
})

test('what citizens wait for comes first', () => {
  const tasks = tasksOf({ roles: [], banks: [], reviews: {}, returned: {}, imports: [], reported: 2, corrections: 1, complaints: 3 })
  expect(tasks.map(({ count }) => count)).toEqual([3, 1, 2])
})

test('a question whose key may be wrong, or that may be out, comes before everything else', () => {
  expect(says({ reviews: { kexue: 7 }, alarms: { best_choose_wrong: 2, time_collapse: 1, nobody_chooses: 9 } })).toEqual(['看看 2 道题：高分者选错', '看看 1 道题：用时骤降', '审 7 道题'])
  expect(tasksOf(known({ alarms: { facility_jump: 1 } }))).toMatchObject([{ to: '#/statistics?alarm=facility_jump', count: 1 }])
})

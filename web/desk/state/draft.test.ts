import { expect, test } from 'vitest'
import type { Draft } from '../api/types'
import { BLANK, OPTIONS_MAX, edit, sameDraft, tidied } from './draft'

const draft = (change: Partial<Draft> = {}): Draft => ({ ...BLANK, options: ['甲', '乙', '丙', '丁'], key: [1], ...change })

test('the key follows its option when options move or go', () => {
  const multiple = draft({ kind: 'multiple', key: [1, 3] })
  expect(edit(multiple, { is: 'move_option', place: 1, by: -1 })).toMatchObject({ options: ['乙', '甲', '丙', '丁'], key: [0, 3] })
  expect(edit(multiple, { is: 'remove_option', place: 0 })).toMatchObject({ options: ['乙', '丙', '丁'], key: [0, 2] })
  expect(edit(multiple, { is: 'remove_option', place: 1 })).toMatchObject({ options: ['甲', '丙', '丁'], key: [2] })
})

test('nothing moves off the ends, and two options stay', () => {
  const one = draft()
  expect(edit(one, { is: 'move_option', place: 0, by: -1 })).toBe(one)
  expect(edit(one, { is: 'move_option', place: 3, by: 1 })).toBe(one)
  const two = draft({ options: ['甲', '乙'] })
  expect(edit(two, { is: 'remove_option', place: 0 })).toBe(two)
  const full = draft({ options: Array<string>(OPTIONS_MAX).fill('选') })
  expect(edit(full, { is: 'add_option' })).toBe(full)
})

test('a single choice has one right option, a multiple choice as many as are ticked', () => {
  expect(edit(draft(), { is: 'key', place: 3 }).key).toEqual([3])
  const multiple = draft({ kind: 'multiple', key: [2] })
  expect(edit(multiple, { is: 'key', place: 0 }).key).toEqual([0, 2])
  expect(edit(multiple, { is: 'key', place: 2 }).key).toEqual([])
})

test('another kind keeps what fits it', () => {
  const multiple = edit(draft(), { is: 'kind', kind: 'multiple' })
  expect(multiple).toMatchObject({ options: ['甲', '乙', '丙', '丁'], key: [1] })
  expect(edit(draft({ kind: 'multiple', key: [1, 3] }), { is: 'kind', kind: 'single' }).key).toEqual([1])
  const judged = edit(draft({ fixed_order: true }), { is: 'kind', kind: 'true_false' })
  expect(judged).toMatchObject({ options: ['正确', '错误'], key: [], fixed_order: false })
  expect(edit(judged, { is: 'kind', kind: 'single' }).options).toEqual(['', '', '', ''])
})

test('what is sent has no blank edges and no empty optional fields', () => {
  const sent = tidied(draft({ stem: '  水在标准大气压下 100 °C 沸腾。\n', contributor: '  ', link: ' https://example.org ', media: { id: 'm', width: 1, height: 1, alt: ' 图 ' } }))
  expect(sent.stem).toBe('水在标准大气压下 100 °C 沸腾。')
  expect('contributor' in sent).toBe(false)
  expect(sent.link).toBe('https://example.org')
  expect(sent.media?.alt).toBe('图')
})

test('blank edges and the order of fields make no difference; words, keys and pictures do', () => {
  const { stem, ...rest } = draft({ stem: '题' })
  expect(sameDraft(draft({ stem: '题' }), { ...rest, stem: ` ${stem} ` })).toBe(true)
  expect(sameDraft(draft(), draft({ key: [2] }))).toBe(false)
  expect(sameDraft(draft(), draft({ media: { id: 'm', width: 1, height: 1, alt: '' } }))).toBe(false)
})

import { expect, test } from 'vitest'
import { sample } from '../../shared/samples'
import type { Missed } from '../../shared/protocol'
import { answerOf, lines, share, textOf, titleOf, weekName } from './words'

const { week } = sample<Missed>('http-missed')

test('a week is named by its first and last day, over the ends of months', () => {
  expect([weekName('2026-08-31'), weekName('2026-12-28')]).toEqual(['8月31日—9月6日', '12月28日—1月3日'])
})

test('the text says the question, the answer in words, why, and from where', () => {
  const [first, second] = week!.questions
  expect([share(first!), answerOf(first!)]).toEqual(['63%', 'A. 拉闸断电；C. 用干粉灭火器'])
  expect(answerOf(second!)).toBe('错误')
  const text = textOf('科学素质竞赛', week!, 'https://example.org/#/missed')
  expect(titleOf(week!)).toBe('一周易错题（8月31日—9月6日）')
  expect(text).toMatch(/^科学素质竞赛 一周易错题（8月31日—9月6日）\n\n1\. 【多选题】电器着火/)
  expect(text).toContain('答案：A. 拉闸断电；C. 用干粉灭火器（63% 没答对）')
  expect(text).toMatch(/来源：应急管理部\n\n2\. 【判断题】/)
  expect(text.endsWith('https://example.org/#/missed')).toBe(true)
})

test('no line begins with a mark that closes', () => {
  const five = (line: string) => line.length <= 5
  expect(lines('一二三四五，六七', five)).toEqual(['一二三四', '五，六七'])
  expect(lines('一二三四五六', five)).toEqual(['一二三四五', '六'])
  expect(lines('', five)).toEqual([])
})

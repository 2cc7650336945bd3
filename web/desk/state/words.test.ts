import { expect, test } from 'vitest'
import { actName } from './acts'
import { loginFault, passwordFault } from './password'
import { ago, columnLetters, likeness, partName, placeName, waiting } from './words'

test('cells are named as spreadsheets name them, lines and items as their files do', () => {
  expect([1, 26, 27, 52, 703].map(columnLetters)).toEqual(['A', 'Z', 'AA', 'AZ', 'AAA'])
  expect(placeName('xlsx', 12, 3)).toBe('C12 格')
  expect(placeName('csv', 12, 0)).toBe('第 12 行')
  expect(placeName('docx', 12, 3)).toBe('第 12 行')
  expect(placeName('qti', 4, 0)).toBe('第 4 项')
})

test('options are named by their letters', () => {
  expect(partName('option:1')).toBe('选项 B')
  expect(partName('explanation')).toBe('解析')
  expect(partName('something_new')).toBe('something_new')
})

test('how long ago, and how long to wait, are said coarsely', () => {
  expect(ago(0, 59_999)).toBe('刚刚')
  expect(ago(0, 61 * 60_000)).toBe('1 小时前')
  expect(ago(0, 50 * 3_600_000)).toBe('2 天前')
  expect(waiting(200)).toBe('1 秒')
  expect(waiting(61_000)).toBe('2 分钟')
})

test('likeness is a word, not a figure', () => {
  expect(likeness(1000, true)).toBe('完全相同')
  expect(likeness(930, false)).toBe('几乎相同')
})

test('passwords and login names are checked before they are sent', () => {
  expect(passwordFault('short', 'short')).toMatch(/至少/)
  expect(passwordFault('一句话当作密码也可以的', '一句话当作密码也可以的')).toBeNull()
  expect(passwordFault('weilan-1-2026', 'weilan-1-2026', 'weilan-1-')).toMatch(/登录名/)
  expect(passwordFault('aaaaaaaaaaaa', 'aaaaaaaaaaaa')).toMatch(/重复/)
  expect(passwordFault('long enough 1', 'long enough 2')).toMatch(/不一样/)
  expect(loginFault('wei.lan-1')).toBeNull()
  expect(loginFault('韦兰')).not.toBeNull()
})

test('an act without a word of its own is shown by its code', () => {
  expect(actName('something_new')).toBe('something_new')
})

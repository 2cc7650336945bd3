import { expect, test } from 'vitest'
import { differences, pathName, subjectName, subjectPage, type Known } from './audited'
import { placesOf } from './roles'

const known: Known = {
  people: new Map([['4PT5', '陆工']]),
  banks: new Map([['kexue', '科学']]),
  places: placesOf({
    region: { code: '450000', name: '广西' },
    cities: [{ code: '450200', name: '柳州市', counties: [{ code: '450226', name: '三江侗族自治县' }] }],
  }),
}

test('whom or what an act was about is told in words, and what has none by its code', () => {
  const told = (subject: string) => subjectName(subject, known)
  expect(told('staff:4PT5')).toBe('陆工')
  expect(told('staff:unknown')).toBe('没有这个登录名')
  expect(told('bank:kexue')).toBe('题库「科学」')
  expect(told('bank:gone')).toBe('题库「gone」')
  expect(told('season')).toBe('本赛季')
  expect(told('county:450226')).toBe('三江侗族自治县')
  expect(told('question:abc')).toBe('题目 abc')
  expect(told('complaint:abc')).toBe('反映 abc')
  expect(told('correction:abc')).toBe('更正 abc')
  expect(told('something:new')).toBe('something:new')
})

test('what has a page of its own is led to', () => {
  expect(subjectPage('attempt:abc')).toEqual(['attempts', 'abc'])
  expect(subjectPage('correction:abc')).toEqual(['corrections', 'abc'])
  expect(subjectPage('season')).toBeNull()
  expect(subjectPage('county:450226')).toBeNull()
})

test('parts of an act are named, and so are the codes in them', () => {
  expect(pathName('parts.option:1')).toBe('题目内容 · 选项 B')
  expect(pathName('roles.0')).toBe('角色 1')
  expect(pathName('unheard_of')).toBe('unheard_of')
  const told = differences({ roles: ['editor/kexue'], state: 'active' }, { roles: ['association/county:450226'], state: 'disabled' }, known)
  const sides = told.map(({ path, pieces }) => [path, pieces.map(({ text }) => text).join('')])
  expect(sides[0]?.[0]).toBe('角色 1')
  expect(sides[0]?.[1]).toContain('三江侗族自治县')
  expect(sides[1]?.[1]).toContain('停用')
  expect(differences(null, { approvals: ['4PT5'] }, known)[0]?.pieces.map(({ text }) => text)).toEqual(['陆工'])
})

test('nothing of an act is hidden for want of a word', () => {
  expect(differences({ name: '甲', roles: ['editor'] }, { name: '乙', roles: ['editor'] }, known).map(({ path }) => path)).toEqual(['名称'])
  expect(differences(undefined, { a: { b: 1 } }, known)).toEqual([{ path: 'a · b', pieces: [{ is: 'new', text: '1' }] }])
})

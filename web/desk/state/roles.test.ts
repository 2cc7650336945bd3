import { expect, test } from 'vitest'
import type { Bank, Grant } from '../api/types'
import { bankMay, grantName, placesOf, rolesFault } from './roles'

const bank: Bank = { id: 'kexue', name: '科学', reviews: 1, counts: { draft: 0, submitted: 0, returned: 0, approved: 0, published: 0, rested: 0 } }
const places = placesOf({
  region: { code: '450000', name: '广西' },
  cities: [{ code: '450200', name: '柳州市', counties: [{ code: '450226', name: '三江侗族自治县' }] }],
})

test('a role is told with its bank or place', () => {
  expect(grantName({ role: 'reviewer', bank: 'kexue' }, [bank], places)).toBe('审题人（科学）')
  expect(grantName({ role: 'editor', bank: null }, [bank], places)).toBe('编辑（全部题库）')
  expect(grantName({ role: 'association', place: 'county:450226' }, [bank], places)).toBe('地方科协（三江侗族自治县）')
  expect(grantName({ role: 'auditor' }, [], [])).toBe('监督员')
})

test('roles are bound to their bank', () => {
  expect(bankMay([{ role: 'editor', bank: 'kexue' }], bank)).toEqual({ write: true, review: false, settings: false, publish: false })
  expect(bankMay([{ role: 'reviewer', bank: 'other' }], bank)).toEqual({ write: false, review: false, settings: false, publish: false })
  expect(bankMay([{ role: 'reviewer', bank: null }], bank)).toMatchObject({ review: true, publish: true, write: false })
  expect(bankMay([{ role: 'auditor' }], bank)).toEqual({ write: false, review: false, settings: false, publish: false })
})

test('what the server says of a bank goes before what roles imply', () => {
  const may = { write: false, review: false, settings: false, publish: true }
  expect(bankMay([{ role: 'administrator' }], { ...bank, may })).toBe(may)
})

test('what is missing in a list of roles is said', () => {
  const given = (...roles: Grant[]) => rolesFault(roles)
  expect(given()).toMatch(/至少/)
  expect(given({ role: 'association', place: '' })).toMatch(/地方/)
  expect(given({ role: 'editor', bank: null }, { bank: null, role: 'editor' })).toMatch(/两次/)
  expect(given({ role: 'editor', bank: 'a' }, { role: 'editor', bank: 'b' })).toBeNull()
})

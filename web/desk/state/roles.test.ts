import { expect, test } from 'vitest'
import type { Grant } from '../api/types'
import { grantName, placesOf, rolesFault } from './roles'

const bank = { id: 'kexue', name: '科学' }
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

test('what is missing in a list of roles is said', () => {
  const given = (...roles: Grant[]) => rolesFault(roles)
  expect(given()).toMatch(/至少/)
  expect(given({ role: 'association', place: '' })).toMatch(/地方/)
  expect(given({ role: 'editor', bank: null }, { bank: null, role: 'editor' })).toMatch(/两次/)
  expect(given({ role: 'editor', bank: 'a' }, { role: 'editor', bank: 'b' })).toBeNull()
})

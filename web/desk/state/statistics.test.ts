import { expect, test } from 'vitest'
import { discriminationWord, facilityWord, figure, narrowed, percent, readLooking, seconds, sorted, writeLooking } from './statistics'

test('what is looked at is in the address and comes back from it', () => {
  const looking = { filter: { bank: 'kexue', alarm: 'any' }, sort: 'facility' as const, descending: true, page: 3 }
  expect(writeLooking(looking)).toEqual({ bank: 'kexue', alarm: 'any', sort: 'facility', descending: 'true', page: '3' })
  expect(readLooking(writeLooking(looking))).toEqual(looking)
  expect(writeLooking(readLooking({}))).toEqual({})
  expect(readLooking({ sort: 'none', page: '-1' })).toEqual({ filter: {}, sort: 'alarms', descending: true, page: 1 })
})

test('a head that is clicked again turns the order round', () => {
  const first = sorted(readLooking({ page: '2' }), 'facility')
  expect([first.sort, first.descending, first.page]).toEqual(['facility', false, 1])
  expect(sorted(first, 'facility').descending).toBe(true)
  expect(sorted(first, 'shown').descending).toBe(true)
})

test('another bank has other versions', () => {
  const looking = readLooking({ bank: 'kexue', version: '2', round: 'daily' })
  expect(narrowed(looking, { bank: 'jiankang' }).filter).toEqual({ bank: 'jiankang', round: 'daily', version: undefined })
  expect(narrowed(looking, { round: undefined }).filter.version).toBe('2')
})

test('figures are said with their unit, and what there is none of is said so', () => {
  expect([percent(-0.0004), figure(-0.004), figure(-0.006), figure(null)]).toEqual(['0.0%', '0.00', '-0.01', '—'])
  expect([percent(0.5), percent(null), seconds(8240), seconds(null)]).toEqual(['50.0%', '—', '8.2 秒', '—'])
  expect([0.96, 0.7, 0.3, 0.29, 0.05, null].map(facilityWord)).toEqual(['太容易', '偏易', '适中', '偏难', '太难', ''])
  expect([0.4, 0.3, 0.2, 0, -0.1, null].map(discriminationWord)).toEqual(['好', '较好', '尚可', '差', '反了', ''])
})

import { expect, test } from 'vitest'
import { diffDrafts, diffText, valueText, type Piece } from './diff'
import { BLANK } from './draft'

const before = (pieces: Piece[]) => pieces.filter(({ is }) => is !== 'new').map(({ text }) => text).join('')
const after = (pieces: Piece[]) => pieces.filter(({ is }) => is !== 'gone').map(({ text }) => text).join('')

test('what changed is marked, the rest is not', () => {
  expect(diffText('用洗菜水浇花', '用淘米水浇花')).toEqual([
    { is: 'same', text: '用' },
    { is: 'gone', text: '洗菜' },
    { is: 'new', text: '淘米' },
    { is: 'same', text: '水浇花' },
  ])
  expect(diffText('同', '同')).toEqual([{ is: 'same', text: '同' }])
  expect(diffText('', '新')).toEqual([{ is: 'new', text: '新' }])
})

test('both texts can be read back from any difference', () => {
  // A small generator with a fixed seed: the same pairs each time.
  let seed = 7
  const chance = (below: number) => (seed = (seed * 48271) % 2147483647) % below
  const text = () => Array.from({ length: chance(30) }, () => '科学普及水👩‍🔬'.at(chance(7)) ?? '').join('')
  for (let round = 0; round < 300; round++) {
    const [a, b] = [[...text()].join(''), [...text()].join('')]
    const pieces = diffText(a, b)
    expect(before(pieces)).toBe(a)
    expect(after(pieces)).toBe(b)
    for (const [place, piece] of pieces.entries()) expect(piece.is).not.toBe(pieces[place + 1]?.is)
  }
})

test('very long texts are compared as wholes', () => {
  const [a, b] = ['前'.repeat(2000), '后'.repeat(2000)]
  expect(diffText(a, b)).toEqual([
    { is: 'gone', text: a },
    { is: 'new', text: b },
  ])
})

test('parts are told in words', () => {
  expect(valueText('key', [0, 2])).toBe('A、C')
  expect(valueText('options', ['甲', '乙'])).toBe('A. 甲\nB. 乙')
  expect(valueText('kind', 'multiple')).toBe('多选题')
  expect(valueText('difficulty', 3)).toBe('难')
  expect(valueText('fixed_order', true)).toBe('是')
  expect(valueText('source', '')).toBe('（空）')
})

test('only the parts that differ are told of two drafts', () => {
  const changes = diffDrafts(BLANK, { ...BLANK, stem: '题', key: [1] })
  expect(changes.map(({ part }) => part)).toEqual(['stem', 'key'])
})

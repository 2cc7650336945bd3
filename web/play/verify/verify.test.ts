// What a browser recomputes is what docs/fairness.md says, by the same vectors that the server is held to.
import { createHash, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { below, block } from './chacha20'
import { bytesOfHex, fields, hex } from './fields'
import type { Blueprint, Entry } from './paper'
import { check, compare, numbered, periodAt, proofOfText, readProof, recompute, type Proof } from './proof'
import { hmacSha256, sha256 } from './sha256'

interface Vector {
  name: string
  season: string
  round: string
  period: number
  secret: string
  commitment: string
  blueprint: Blueprint
  draw_list: Entry[]
  papers: { participant: string; attempt: number; seed: string; paper: string[]; orders: number[][] }[]
}

const vectors = JSON.parse(readFileSync(new URL('../../../tests/vectors/fairness.json', import.meta.url), 'utf8')) as { algorithm: number; periods: Vector[] }

function published(one: Vector) {
  const { season, round, period, commitment, secret, draw_list, blueprint } = one
  return { season, round, commitments: [{ period, from: 0, to: 1, commitment, algorithm: vectors.algorithm }], draw_list, blueprint, secrets: [{ period, secret }] }
}

const first = () => published(vectors.periods[0]!)
const finding = (told: unknown) => {
  const proof = readProof(told)
  return check(proof, proof.periods[0]!)
}
const paperOf = (proof: Proof, participant: string, attempt: number) => recompute(proof, proof.periods[0]!, participant, attempt)!

describe('the building blocks', () => {
  it('hashes messages of every length around a block as everyone does', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256)
      expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
      expect(hex(hmacSha256(bytes, bytes))).toBe(createHmac('sha256', bytes).update(bytes).digest('hex'))
    }
  })

  it('hashes as much as a whole draw list', () => {
    const bytes = new Uint8Array(300_001).fill(0xa5)
    expect(hex(sha256(bytes))).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it('has the keystream of RFC 8439, section 2.3.2', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i)
    const words = block(key, 1, [0x09000000, 0x4a000000, 0])
    expect(Array.from(words.slice(0, 4), (word) => word.toString(16))).toEqual(['e4e7f110', '15593bd1', '1fdd0f50', 'c47120a3'])
  })

  it('passes over words that would favour small numbers', () => {
    const stream = [2 ** 32 - 1, 5]
    expect(below(3, () => stream.shift()!)).toBe(2)
    expect(stream).toEqual([])
  })

  it('puts its length before each field', () => {
    expect(Array.from(fields([10, true, '题']))).toEqual([2, 0, 0, 0, 0x31, 0x30, 1, 0, 0, 0, 0x31, 3, 0, 0, 0, 0xe9, 0xa2, 0x98])
  })

  it('reads a secret of 64 hexadecimal digits and nothing else', () => {
    expect(hex(bytesOfHex('0aF'.repeat(21) + '0')!)).toBe('0af'.repeat(21) + '0')
    for (const bad of ['', '0'.repeat(63), '0'.repeat(65), 'g'.repeat(64)]) expect(bytesOfHex(bad)).toBeNull()
  })
})

describe.each(vectors.periods)('papers of $name', (vector) => {
  it('come to their commitment', () => {
    expect(finding(published(vector))).toEqual({ is: 'same' })
  })

  it.each(vector.papers)('are the same for $participant, attempt $attempt', ({ participant, attempt, ...kept }) => {
    const paper = paperOf(readProof(published(vector)), participant, attempt)
    expect(paper.seed).toBe(kept.seed)
    expect(paper.questions.map(({ entry }) => entry.id)).toEqual(kept.paper)
    expect(paper.questions.map(({ order }) => order)).toEqual(kept.orders)
    expect(compare(paper, kept)).toMatchObject({ same: true })
  })
})

describe('a proof', () => {
  it.each([
    ['two questions change places', (p: ReturnType<typeof first>) => void p.draw_list.reverse()],
    ['a section asks for fewer', (p: ReturnType<typeof first>) => void (p.blueprint.sections[0]!.count = 9)],
    ['the secret is another', (p: ReturnType<typeof first>) => void (p.secrets[0]!.secret = '00'.repeat(32))],
    ['the season is another', (p: ReturnType<typeof first>) => void (p.season = 'another')],
  ])('is found out when %s', (_, change) => {
    const told = structuredClone(first())
    change(told)
    expect(finding(told).is).toBe('differs')
  })

  it('waits for its secret', () => {
    const before = { ...first(), secrets: undefined, draw_list: undefined }
    expect(finding(before)).toEqual({ is: 'waiting' })
    expect(paperOf(readProof(before), 'p', 1)).toBeNull()
  })

  it('says why it cannot be checked', () => {
    const told = first()
    expect(finding({ ...told, draw_list: undefined })).toMatchObject({ is: 'unknown', say: expect.stringContaining('抽题清单') })
    expect(finding({ ...told, secrets: [{ period: 0, secret: '00' }] })).toMatchObject({ is: 'unknown', say: expect.stringContaining('密钥') })
    expect(finding({ ...told, commitments: [{ ...told.commitments[0], algorithm: 2 }] })).toMatchObject({ is: 'unknown', say: expect.stringContaining('第 2 版') })
  })

  it('may have a draw list of its own for a period', () => {
    const told = first()
    expect(finding({ ...told, draw_list: [], commitments: [{ ...told.commitments[0], draw_list: told.draw_list }] })).toEqual({ is: 'same' })
  })

  it('says which period drew a paper: where two run at once, the one opened last', () => {
    const { commitment } = vectors.periods[0]!
    const commitments = [
      { period: 0, from: 0, to: 100, commitment, algorithm: 1 },
      { period: 1, from: 40, to: 100, commitment, algorithm: 1 },
      { period: 2, from: 100, commitment, algorithm: 1 },
    ]
    const proof = readProof({ ...first(), commitments })
    expect([0, 39, 40, 99, 100, 1e15].map((at) => periodAt(proof, at)?.period)).toEqual([0, 0, 1, 1, 2, 2])
  })

  it('is refused in Chinese when it is something else', () => {
    const told = first()
    expect(() => proofOfText('<html>')).toThrow('不是公示文件')
    for (const bad of [null, [], {}, { ...told, season: 1 }, { ...told, commitments: {} }, { ...told, draw_list: [{ ...told.draw_list[0], kind: 'toString' }] }, { ...told, draw_list: [{ ...told.draw_list[0], options: 9 }] }]) {
      expect(() => readProof(bad)).toThrow('这份公示不完整')
    }
  })
})

describe('an attempt', () => {
  it('is numbered within its round, from the first', () => {
    const history = [['final', 40], ['daily', 30], ['daily', 10], ['final', 20]].map(([round, at]) => ({ round: String(round), started_at: Number(at) }))
    expect(numbered(history, 'daily').map(({ number, started_at }) => [number, started_at])).toEqual([[1, 10], [2, 30]])
  })
})

describe('a comparison', () => {
  const { participant, attempt, ...kept } = vectors.periods[0]!.papers[0]!
  const paper = paperOf(readProof(first()), participant, attempt)

  it('names the question that differs', () => {
    const orders = structuredClone(kept.orders)
    orders[2]!.reverse()
    const told = compare(paper, { ...kept, orders })!
    expect(told).toMatchObject({ seed: true, same: false })
    expect(told.questions.map((same, place) => (same ? 0 : place + 1)).filter(Boolean)).toEqual([3])
  })

  it('misses no question that one side lacks', () => {
    expect(compare(paper, { ...kept, paper: kept.paper.slice(1), orders: kept.orders.slice(1) })!.same).toBe(false)
    expect(compare(paper, { ...kept, paper: [...kept.paper, 'more'], orders: [...kept.orders, [0]] })!.questions).toHaveLength(11)
  })

  it('is put off while the server tells no seed', () => {
    expect(compare(paper, {})).toBeNull()
  })
})

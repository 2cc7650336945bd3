// What `GET /rounds/{id}/proof` publishes: read from the server or from anyone's file, and checked.
import { KIND_NAMES } from '../../shared/format'
import type { Kind } from '../../shared/protocol'
import { bytesOfHex, hex } from './fields'
import { ALGORITHM, commitmentOf, draw, orderOf, seedOf, type Blueprint, type Entry, type Section } from './paper'

export interface PeriodProof {
  period: number
  from: number | null
  to: number | null
  commitment: string
  algorithm: number
  drawList: Entry[] | null
  blueprint: Blueprint | null
  /** Null until the period's last attempt has ended. */
  secret: string | null
}

export interface Proof {
  season: string
  round: string
  periods: PeriodProof[]
}

/** Its message is a sentence for the person. */
export class ProofFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProofFault'
  }
}

export type Finding = { is: 'waiting' } | { is: 'same' } | { is: 'differs'; found: string } | { is: 'unknown'; say: string }

/** Does the secret that was published come to the commitment that was published before? */
export function check(proof: Proof, one: PeriodProof): Finding {
  if (one.secret === null) return { is: 'waiting' }
  if (one.algorithm !== ALGORITHM) return { is: 'unknown', say: `用的是第 ${one.algorithm} 版抽题办法，本页只会第 ${ALGORITHM} 版。` }
  if (one.drawList === null || one.blueprint === null) return { is: 'unknown', say: '公示里缺少抽题清单或试卷结构，没法核对。' }
  const secret = bytesOfHex(one.secret)
  if (secret === null) return { is: 'unknown', say: '公布的密钥不是 64 位十六进制数字，没法核对。' }
  const found = commitmentOf(secret, { season: proof.season, round: proof.round, period: one.period }, one.blueprint, one.drawList)
  return found === one.commitment ? { is: 'same' } : { is: 'differs', found }
}

/** The period whose secret drew a paper that was started at `at`: of those running then, the one opened last. */
export function periodAt(proof: Proof, at: number): PeriodProof | undefined {
  const running = proof.periods.filter(({ from, to }) => (from === null || from <= at) && (to === null || at < to))
  return running[running.length - 1]
}

/** Attempts of a round with their numbers, the first one first. `attempts` is a whole history in any order. */
export function numbered<T extends { round: string; started_at: number }>(attempts: readonly T[], round: string): (T & { number: number })[] {
  const mine = attempts.filter((one) => one.round === round).sort((a, b) => a.started_at - b.started_at)
  return mine.map((one, place) => ({ ...one, number: place + 1 }))
}

export interface Recomputed {
  period: number
  seed: string
  questions: { entry: Entry; order: number[] }[]
}

/** A participant's paper again; null where the period's secret, list or blueprint is missing. */
export function recompute(proof: Proof, one: PeriodProof, participant: string, attempt: number): Recomputed | null {
  const secret = bytesOfHex(one.secret ?? '')
  if (secret === null || one.drawList === null || one.blueprint === null || one.algorithm !== ALGORITHM) return null
  const seed = seedOf(secret, participant, proof.round, attempt)
  const questions = draw(one.drawList, one.blueprint, seed).map((entry, place) => ({ entry, order: orderOf(seed, place + 1, entry) }))
  return { period: one.period, seed: hex(seed), questions }
}

/** What the server kept of an attempt, as far as it tells it. */
export interface Kept {
  seed?: string
  paper?: string[]
  orders?: number[][]
}

export interface Comparison {
  seed: boolean
  /** Of each question of the longer paper: is it the same one, with its options in the same order? */
  questions: boolean[]
  same: boolean
}

/** Null while the server tells too little to compare. */
export function compare(paper: Recomputed, { seed, paper: ids, orders }: Kept): Comparison | null {
  if (seed === undefined || ids === undefined || orders === undefined) return null
  const count = Math.max(paper.questions.length, ids.length, orders.length)
  const questions = Array.from({ length: count }, (_, place) => {
    const mine = paper.questions[place]
    return mine !== undefined && mine.entry.id === ids[place] && mine.order.join() === orders[place]?.join()
  })
  const seedSame = paper.seed === seed.trim().toLowerCase()
  return { seed: seedSame, questions, same: seedSame && questions.every(Boolean) }
}

// ---- Reading --------------------------------------------------------------------------------------------------------

const OPTIONS_MAX = 8
const U32_MAX = 2 ** 32 - 1

export function proofOfText(text: string): Proof {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ProofFault('这个文件不是公示文件，请选「保存公示文件」存下的那一个。')
  }
  return readProof(value)
}

export function readProof(value: unknown): Proof {
  const told = object(value, '内容')
  const drawList = optional(told['draw_list'], readList)
  const blueprint = optional(told['blueprint'], readBlueprint)
  const secrets = new Map<number, string>()
  for (const one of optional(told['secrets'], (list) => array(list, 'secrets')) ?? []) {
    const { period, secret } = object(one, 'secrets')
    secrets.set(whole(period, 'secrets.period'), text(secret, 'secrets.secret').trim())
  }
  const periods = array(told['commitments'], 'commitments').map((item): PeriodProof => {
    const one = object(item, 'commitments')
    const period = whole(one['period'], 'period')
    const commitment = text(one['commitment'], 'commitment').trim().toLowerCase()
    if (bytesOfHex(commitment) === null) throw incomplete('commitment')
    return {
      period,
      from: optional(one['from'], (at) => whole(at, 'from', Number.MAX_SAFE_INTEGER)),
      to: optional(one['to'], (at) => whole(at, 'to', Number.MAX_SAFE_INTEGER)),
      commitment,
      algorithm: whole(one['algorithm'], 'algorithm'),
      drawList: optional(one['draw_list'], readList) ?? drawList,
      blueprint: optional(one['blueprint'], readBlueprint) ?? blueprint,
      secret: secrets.get(period) ?? null,
    }
  })
  return { season: text(told['season'], 'season'), round: text(told['round'], 'round'), periods }
}

function readList(value: unknown): Entry[] {
  return array(value, 'draw_list').map((item) => {
    const { id, kind, topic, difficulty, options, fixed_order } = object(item, 'draw_list')
    return {
      id: text(id, 'id'),
      kind: readKind(kind),
      topic: text(topic, 'topic'),
      difficulty: whole(difficulty, 'difficulty'),
      options: whole(options, 'options', OPTIONS_MAX),
      fixed_order: truth(fixed_order, 'fixed_order'),
    }
  })
}

function readBlueprint(value: unknown): Blueprint {
  const sections = array(object(value, 'blueprint')['sections'], 'sections').map((item): Section => {
    const { kinds, count, points, topics, difficulties } = object(item, 'sections')
    return {
      kinds: array(kinds, 'kinds').map(readKind),
      count: whole(count, 'count'),
      points: whole(points, 'points'),
      topics: array(topics, 'topics').map((topic) => text(topic, 'topics')),
      difficulties: array(difficulties, 'difficulties').map((one) => whole(one, 'difficulties')),
    }
  })
  return { sections }
}

const incomplete = (name: string) => new ProofFault(`这份公示不完整，「${name}」缺少或不对，请重新取一份。`)

function optional<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === undefined || value === null ? null : read(value)
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw incomplete(name)
  return value as Record<string, unknown>
}

function array(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw incomplete(name)
  return value
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw incomplete(name)
  return value
}

function truth(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw incomplete(name)
  return value
}

function whole(value: unknown, name: string, most = U32_MAX): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) throw incomplete(name)
  return value
}

function readKind(value: unknown): Kind {
  if (typeof value !== 'string' || !Object.prototype.hasOwnProperty.call(KIND_NAMES, value)) throw incomplete('kind')
  return value as Kind
}

// Algorithm 1 of docs/fairness.md: the commitment, the seed, which questions come, and in which order their options.
import type { Kind } from '../../shared/protocol'
import { shuffle, words } from './chacha20'
import { fields, hex, listed } from './fields'
import { hmacSha256, sha256 } from './sha256'

export const ALGORITHM = 1

/** A question that may be drawn: nothing of its text, nothing of its key. */
export interface Entry {
  id: string
  kind: Kind
  topic: string
  difficulty: number
  options: number
  fixed_order: boolean
}

/** An empty list asks for nothing. */
export interface Section {
  kinds: Kind[]
  count: number
  points: number
  topics: string[]
  difficulties: number[]
}

export interface Blueprint {
  sections: Section[]
}

export interface Period {
  season: string
  round: string
  period: number
}

export function commitmentOf(secret: Uint8Array, { season, round, period }: Period, blueprint: Blueprint, list: readonly Entry[]): string {
  const sections = listed(blueprint.sections, (one) => [
    ...listed(one.kinds, (kind) => [kind]),
    one.count,
    one.points,
    ...listed(one.topics, (topic) => [topic]),
    ...listed(one.difficulties, (difficulty) => [difficulty]),
  ])
  const entries = listed(list, (one) => [one.id, one.kind, one.topic, one.difficulty, one.options, one.fixed_order])
  return hex(sha256(fields(['kejing/v1/commitment', secret, season, round, period, ALGORITHM, ...sections, ...entries])))
}

export function seedOf(secret: Uint8Array, participant: string, round: string, attempt: number): Uint8Array {
  return hmacSha256(secret, fields(['kejing/v1/paper', participant, round, attempt]))
}

/** The paper's questions, in order. */
export function draw(list: readonly Entry[], blueprint: Blueprint, seed: Uint8Array): Entry[] {
  const paper: Entry[] = []
  const drawn = new Set<Entry>()
  blueprint.sections.forEach((section, number) => {
    const left = list.filter((entry) => !drawn.has(entry) && asksFor(section, entry))
    const count = Math.min(section.count, left.length)
    shuffle(left, count, words(seed, 1, number))
    for (const entry of left.slice(0, count)) {
      drawn.add(entry)
      paper.push(entry)
    }
  })
  return paper
}

function asksFor({ kinds, topics, difficulties }: Section, { kind, topic, difficulty }: Entry): boolean {
  const takes = <T>(wanted: readonly T[], one: T) => wanted.length === 0 || wanted.includes(one)
  return takes(kinds, kind) && takes(topics, topic) && takes(difficulties, difficulty)
}

/** The bank's place of each option, as question `seq` (from 1) shows them. */
export function orderOf(seed: Uint8Array, seq: number, entry: Entry): number[] {
  const places = Array.from({ length: entry.options }, (_, place) => place)
  if (entry.kind !== 'true_false' && !entry.fixed_order) shuffle(places, places.length, words(seed, 2, seq))
  return places
}

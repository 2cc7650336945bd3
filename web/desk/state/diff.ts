// What changed between two texts, for showing both. By character: Chinese has no spaces to go by.
import { letter } from '../../shared/format'
import type { Draft, PartChange } from '../api/types'
import { DIFFICULTIES, KINDS, partName } from './words'

export interface Piece {
  is: 'same' | 'gone' | 'new'
  text: string
}

/** Longer texts are compared as wholes: the table below grows with the product of both lengths. */
const CHARACTERS_MAX = 1500

export function diffText(before: string, after: string): Piece[] {
  const a = [...before]
  const b = [...after]
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  return joined([...a.slice(0, head).map(same), ...middle, ...a.slice(a.length - tail).map(same)])
}

const same = (text: string): Piece => ({ is: 'same', text })
const gone = (text: string): Piece => ({ is: 'gone', text })
const fresh = (text: string): Piece => ({ is: 'new', text })

function between(a: string[], b: string[]): Piece[] {
  if (a.length > CHARACTERS_MAX || b.length > CHARACTERS_MAX) return [gone(a.join('')), fresh(b.join(''))]
  // longest[i][j]: how many characters a[i..] and b[j..] have in common, in order.
  const longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) longest[i]![j] = a[i] === b[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!)
  }
  const pieces: Piece[] = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      pieces.push(same(a[i]!))
      i++
      j++
    } else if (longest[i + 1]![j]! >= longest[i]![j + 1]!) pieces.push(gone(a[i++]!))
    else pieces.push(fresh(b[j++]!))
  }
  return [...pieces, ...a.slice(i).map(gone), ...b.slice(j).map(fresh)]
}

/** Neighbours of one kind become one piece; within a change, what is gone stands before what is new. */
function joined(pieces: Piece[]): Piece[] {
  const runs: Piece[] = []
  let lost = ''
  let found = ''
  const flush = () => {
    if (lost !== '') runs.push(gone(lost))
    if (found !== '') runs.push(fresh(found))
    lost = found = ''
  }
  for (const { is, text } of pieces) {
    if (text === '') continue
    if (is === 'gone') lost += text
    else if (is === 'new') found += text
    else {
      flush()
      const last = runs.at(-1)
      if (last?.is === 'same') last.text += text
      else runs.push(same(text))
    }
  }
  flush()
  return runs
}

/** Anything that a part can hold, as a person reads it. */
export function valueText(part: string, value: unknown): string {
  if (value === null || value === undefined || value === '') return '（空）'
  if (part === 'kind') return KINDS[value as keyof typeof KINDS] ?? String(value)
  if (part === 'difficulty') return DIFFICULTIES[value as keyof typeof DIFFICULTIES] ?? String(value)
  if (part === 'key' && Array.isArray(value)) return value.map((one) => (typeof one === 'number' ? letter(one) : String(one))).join('、') || '（空）'
  if (part === 'options' && Array.isArray(value)) return value.map((option, place) => `${letter(place)}. ${String(option)}`).join('\n') || '（空）'
  if (typeof value === 'boolean') return value ? '是' : '否'
  if (part === 'media' && typeof value === 'object') return `图片：${(value as { alt?: string }).alt || '没有替代文字'}`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const DRAFT_PARTS: readonly (keyof Draft)[] = ['kind', 'stem', 'media', 'options', 'key', 'fixed_order', 'topic', 'difficulty', 'explanation', 'source', 'contributor', 'link']

/** Two drafts, part by part; what is the same is left out. */
export function diffDrafts(before: Draft, after: Draft): PartChange[] {
  return DRAFT_PARTS.filter((part) => JSON.stringify(before[part] ?? null) !== JSON.stringify(after[part] ?? null)).map((part) => ({
    part,
    before: before[part],
    after: after[part],
  }))
}

export interface ChangeShown {
  name: string
  pieces: Piece[]
}

export function shown({ part, before, after }: PartChange): ChangeShown {
  return { name: partName(part), pieces: diffText(valueText(part, before), valueText(part, after)) }
}

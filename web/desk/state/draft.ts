// A question in the hands of its editor. Each act gives a new draft; the key follows its options wherever they go.
import type { Difficulty, Draft, Fault, Kind, Media } from '../api/types'

export const OPTIONS_MIN = 2
export const OPTIONS_MAX = 8
const OPTIONS_AT_FIRST = 4
export const TRUE_FALSE = ['正确', '错误'] as const

/** Lengths that a phone's screen bears; the server refuses what is longer. */
export const LENGTHS = { stem: 500, option: 200, explanation: 1000, source: 300, topic: 40, contributor: 100, link: 500, alt: 300 } as const

export const BLANK: Draft = { kind: 'single', topic: '', difficulty: null, stem: '', options: ['', '', '', ''], key: [], fixed_order: false, explanation: '', source: '' }

export type Act =
  | { is: 'text'; part: 'topic' | 'stem' | 'explanation' | 'source' | 'contributor' | 'link'; text: string }
  | { is: 'kind'; kind: Kind }
  | { is: 'difficulty'; difficulty: Difficulty }
  | { is: 'option'; place: number; text: string }
  | { is: 'add_option' }
  | { is: 'remove_option'; place: number }
  | { is: 'move_option'; place: number; by: -1 | 1 }
  | { is: 'key'; place: number }
  | { is: 'fixed_order'; fixed: boolean }
  | { is: 'media'; media: Media | null }
  | { is: 'alt'; text: string }

export function edit(draft: Draft, act: Act): Draft {
  switch (act.is) {
    case 'text':
      return { ...draft, [act.part]: act.text }
    case 'kind':
      return withKind(draft, act.kind)
    case 'difficulty':
      return { ...draft, difficulty: act.difficulty }
    case 'option':
      return { ...draft, options: draft.options.map((option, place) => (place === act.place ? act.text : option)) }
    case 'add_option':
      return draft.options.length < OPTIONS_MAX ? { ...draft, options: [...draft.options, ''] } : draft
    case 'remove_option':
      if (draft.options.length <= OPTIONS_MIN) return draft
      return {
        ...draft,
        options: draft.options.filter((_, place) => place !== act.place),
        key: draft.key.filter((place) => place !== act.place).map((place) => (place > act.place ? place - 1 : place)),
      }
    case 'move_option':
      return moved(draft, act.place, act.place + act.by)
    case 'key':
      return { ...draft, key: toggled(draft, act.place) }
    case 'fixed_order':
      return { ...draft, fixed_order: act.fixed }
    case 'media': {
      const rest = { ...draft }
      delete rest.media
      return act.media === null ? rest : { ...rest, media: act.media }
    }
    case 'alt':
      return draft.media === undefined ? draft : { ...draft, media: { ...draft.media, alt: act.text } }
    default:
      return act satisfies never
  }
}

function withKind(draft: Draft, kind: Kind): Draft {
  if (kind === draft.kind) return draft
  if (kind === 'true_false') return { ...draft, kind, options: [...TRUE_FALSE], key: [], fixed_order: false }
  const options = draft.kind === 'true_false' || draft.options.length < OPTIONS_MIN ? Array<string>(OPTIONS_AT_FIRST).fill('') : draft.options
  const fitting = draft.kind === 'true_false' ? [] : draft.key
  return { ...draft, kind, options, key: kind === 'single' ? fitting.slice(0, 1) : fitting }
}

function moved(draft: Draft, from: number, to: number): Draft {
  if (to < 0 || to >= draft.options.length) return draft
  const options = [...draft.options]
  ;[options[from], options[to]] = [options[to]!, options[from]!]
  const key = draft.key.map((place) => (place === from ? to : place === to ? from : place))
  return { ...draft, options, key: ascending(key) }
}

function toggled({ kind, key }: Draft, place: number): number[] {
  if (kind !== 'multiple') return [place]
  return ascending(key.includes(place) ? key.filter((one) => one !== place) : [...key, place])
}

const ascending = (key: number[]) => [...key].sort((a, b) => a - b)

/** As it is sent: edges trimmed, what was left empty left out. */
export function tidied(draft: Draft): Draft {
  const { contributor, link, media, ...rest } = draft
  const trimmed: Draft = {
    ...rest,
    topic: draft.topic.trim(),
    stem: draft.stem.trim(),
    options: draft.options.map((option) => option.trim()),
    explanation: draft.explanation.trim(),
    source: draft.source.trim(),
  }
  if (contributor?.trim()) trimmed.contributor = contributor.trim()
  if (link?.trim()) trimmed.link = link.trim()
  if (media) trimmed.media = { ...media, alt: media.alt.trim() }
  return trimmed
}

export const sameDraft = (a: Draft, b: Draft) => JSON.stringify(ordered(tidied(a))) === JSON.stringify(ordered(tidied(b)))

const PARTS = ['kind', 'topic', 'difficulty', 'stem', 'options', 'key', 'fixed_order', 'explanation', 'source', 'contributor', 'link', 'media'] as const
const ordered = (draft: Draft) => PARTS.map((part) => (part === 'media' && draft.media ? [draft.media.id, draft.media.alt] : (draft[part] ?? null)))

/** Faults beside their field: `options` collects what is said of each option that has no field of its own. */
export function faultsAt<T extends Pick<Fault, 'part'>>(faults: readonly T[], part: string): T[] {
  return faults.filter((fault) => fault.part === part)
}

/** The options as people read them: those of true/false may be left out of a draft. */
export const optionsOf = (draft: Draft): readonly string[] => (draft.kind === 'true_false' && draft.options.length === 0 ? TRUE_FALSE : draft.options)

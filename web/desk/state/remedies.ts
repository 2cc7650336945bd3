// The five remedies in words, and what a proposal lacks before it can be sent.
import { letter } from '../../shared/format'
import type { CorrectionState, Kind, Remedy } from '../api/types'

export type RemedyKind = Remedy['kind']

export const REMEDIES: Record<RemedyKind, { name: string; does: string }> = {
  new_key: { name: '改正答案', does: '这个答案算对，别的都不算。选了旧答案的人会减分。' },
  accept: { name: '多个答案均算对', does: '列出的每一个答案都算对，没有列出的不算。把旧答案也列上，就没有人减分。' },
  all_points: { name: '这道题人人得分', does: '做到这道题的，不论选了什么、超时还是没答，都算答对。' },
  annul: { name: '作废并折算', does: '这道题不算，其余各题折算成整卷；对选手更好时才用折算的结果，没有人减分。' },
  as_published: { name: '恢复原来的评分', does: '回到题库里的答案。撤销一次更正就用它。' },
}

export const CORRECTION_STATES: Record<CorrectionState, { name: string; look: string }> = {
  proposed: { name: '等人决定', look: 'bronze' },
  applying: { name: '正在生效', look: 'bronze' },
  applied: { name: '已生效', look: 'jade' },
  withdrawn: { name: '已撤回', look: '' },
}

const lettersOf = (places: readonly number[]) => [...places].sort((a, b) => a - b).map(letter).join('')

/** 「改正答案为 C」 */
export function remedyWords(remedy: Remedy): string {
  if (remedy.kind === 'new_key') return `改正答案为 ${lettersOf(remedy.key)}`
  if (remedy.kind === 'accept') return `${remedy.accepted.map(lettersOf).join('、')} 均算对`
  return REMEDIES[remedy.kind].name
}

/** What somebody has put together so far. */
export interface Making {
  kind: RemedyKind
  /** For a new key, and for the answer that is being put together where several sets are accepted. */
  key: number[]
  accepted: number[][]
}

/** The remedy, or what is missing. */
export function remedyOf(making: Making, kind: Kind): Remedy | string {
  switch (making.kind) {
    case 'new_key':
      if (making.key.length === 0) return '请选出正确的选项。'
      return { kind: 'new_key', key: [...making.key].sort((a, b) => a - b) }
    case 'accept': {
      const accepted = kind === 'multiple' ? making.accepted : making.key.map((place) => [place])
      if (accepted.length < 2) return kind === 'multiple' ? '请至少列出两组算对的答案。' : '请至少选出两个算对的选项。'
      return { kind: 'accept', accepted }
    }
    default:
      return { kind: making.kind }
  }
}

/** What a remedy looks like while it is being changed. */
export function makingOf(remedy: Remedy, kind: Kind): Making {
  if (remedy.kind === 'new_key') return { kind: 'new_key', key: [...remedy.key], accepted: [] }
  if (remedy.kind === 'accept') return { kind: 'accept', key: kind === 'multiple' ? [] : remedy.accepted.flat(), accepted: remedy.accepted.map((one) => [...one]) }
  return { kind: remedy.kind, key: [], accepted: [] }
}

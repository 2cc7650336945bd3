// How an option looks once its question is judged: a colour, a sign and a word each, so that none depends on colour.
import type { Kind } from '../../shared/protocol'

export interface Mark {
  look: 'right' | 'wrong' | 'missed' | 'plain'
  word: string
}

export function markOf(kind: Kind, choice: number, chosen: readonly number[], key: readonly number[]): Mark {
  const picked = chosen.includes(choice)
  if (key.includes(choice)) {
    if (picked) return { look: 'right', word: '选对了' }
    return { look: 'missed', word: kind === 'multiple' && chosen.length > 0 ? '漏选' : '正确答案' }
  }
  return picked ? { look: 'wrong', word: '选错了' } : { look: 'plain', word: '' }
}

/** `chosen` is null where this phone does not know what was ticked on another. */
export function verdictWords(verdict: { timed_out?: boolean; correct: boolean; points: number }, chosen: readonly number[] | null): string {
  const points = `得 ${verdict.points} 分`
  if (verdict.timed_out) return '时间到，没有作答'
  if (verdict.correct) return verdict.points > 0 ? `答对了，${points}` : '答对了'
  if (chosen?.length === 0) return '没有作答，得 0 分'
  return verdict.points > 0 ? `答对一部分，${points}` : '答错了，得 0 分'
}

export const ASK = {
  true_false: '判断这句话对不对',
  single: '选一个正确的选项',
  multiple: '选出所有正确的选项',
} as const

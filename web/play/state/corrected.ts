// A question that was corrected after its answer was told: what was held right, what is, and what the answer earns by now.
import { letter } from '../../shared/format'
import type { ReviewItem } from '../../shared/protocol'

const letters = (places: readonly number[]) => places.map(letter).join('')

type Corrected = Pick<ReviewItem, 'key' | 'points' | 'accepted' | 'annulled' | 'was'>

export function correctedWords({ key, points, accepted, annulled, was }: Corrected): string {
  const now = annulled
    ? '这道题作废，其余各题折算成整卷（对你更好时才折算）。'
    : accepted !== undefined && accepted.length > 1
      ? `现在 ${accepted.map(letters).join('、')} 都算对。`
      : was !== undefined && letters(was.key) !== letters(key)
        ? `答案原来是 ${letters(was.key)}，现在是 ${letters(key)}。`
        : ''
  if (was === undefined) return `${now}这份答卷按更正计分。`
  const change = was.points === points ? `你这题的得分不变，仍是 ${points} 分。` : `你这题原来得 ${was.points} 分，现在得 ${points} 分。`
  return now + change
}

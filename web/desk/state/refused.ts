// Questions that a bulk act refused: thousands for a handful of reasons.
import type { BulkResult } from '../api/types'

export interface Reason {
  message: string
  ids: string[]
}

/** Each reason with its questions, that of most questions first. */
export function reasonsOf(refused: BulkResult['refused']): Reason[] {
  const found = new Map<string, Reason>()
  for (const { id, message } of refused) {
    const reason = found.get(message)
    if (reason === undefined) found.set(message, { message, ids: [id] })
    else reason.ids.push(id)
  }
  return [...found.values()].sort((a, b) => b.ids.length - a.ids.length)
}

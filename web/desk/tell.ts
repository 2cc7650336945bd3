// What happened, told for a few seconds at the top of the page.
import { sentenceOf } from './api/call'
import { GivenUp } from './confirm'

/** Fetched when there is something to tell, so that the first load does without. */
const message = async () => (await import('element-plus/es/components/message/index')).ElMessage

export const done = (text: string) => void message().then((tell) => tell({ message: text, type: 'success', grouping: true }))

/** Refusals stay longer: there is more to read. */
export function failed(error: unknown): void {
  if (error instanceof GivenUp) return
  void message().then((tell) => tell({ message: sentenceOf(error), type: 'error', duration: 6000, showClose: true, grouping: true }))
}

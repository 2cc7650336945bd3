// A correction whose preview is made, or that is being applied, at the server: looked at until it rests.
import { onScopeDispose, shallowRef, type Ref } from 'vue'
import { DeskError } from './api/call'
import { corrections } from './api/complaints'
import type { Correction } from './api/types'

const LOOK_MS = 700
const LOOK_AWAY_MS = 3_000

/** Something is going on that a page waits for. */
export const working = (one: Correction) => one.state === 'applying' || (one.state === 'proposed' && one.preview === null && one.trouble === null)

export function useCorrection(id: string): { value: Ref<Correction | null>; trouble: Ref<DeskError | null>; take: (told: Correction) => void; look: () => Promise<void> } {
  const value = shallowRef<Correction | null>(null)
  const trouble = shallowRef<DeskError | null>(null)
  let timer = 0
  let gone = false

  function take(told: Correction): void {
    value.value = told
    trouble.value = null
    window.clearTimeout(timer)
    if (working(told) && !gone) timer = window.setTimeout(look, LOOK_MS)
  }

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    try {
      const told = await corrections.get(id)
      if (!gone) take(told)
    } catch (error) {
      if (gone) return
      trouble.value = error instanceof DeskError ? error : new DeskError('unavailable', '页面出了点问题，请刷新后再试。')
      if (trouble.value.code === 'offline') timer = window.setTimeout(look, LOOK_AWAY_MS)
    }
  }

  onScopeDispose(() => {
    gone = true
    window.clearTimeout(timer)
  })
  void look()
  return { value, trouble, take, look }
}

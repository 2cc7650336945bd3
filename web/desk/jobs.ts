// Long work goes on at the server; this page remembers which, also over a reload, and looks how far it is.
import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import { DeskError } from './api/call'
import { imports } from './api/imports'
import type { Import } from './api/types'
import { inTab, readJson } from '../shared/storage'

/** Often enough for a bar that moves, seldom enough that an office of people looking is no load. */
const LOOK_MS = 600
const LOOK_AWAY_MS = 3_000

export const running = (job: Import) => job.state === 'reading' || job.state === 'saving'

/** One import, looked at until it rests. */
export function useJob(id: () => string): { job: Ref<Import | null>; trouble: Ref<DeskError | null>; tell: (job: Import) => void; look: () => Promise<void> } {
  const job = shallowRef<Import | null>(null)
  const trouble = shallowRef<DeskError | null>(null)
  let timer = 0
  let gone = false

  function tell(told: Import): void {
    job.value = told
    trouble.value = null
    follow(told)
    window.clearTimeout(timer)
    if (running(told) && !gone) timer = window.setTimeout(look, LOOK_MS)
  }

  async function look(): Promise<void> {
    window.clearTimeout(timer)
    const asked = id()
    try {
      const told = await imports.get(asked)
      if (!gone && asked === id()) tell(told)
    } catch (error) {
      if (gone) return
      trouble.value = error instanceof DeskError ? error : new DeskError('unavailable', '页面出了点问题，请刷新后再试。')
      // The network comes back; what was refused stays so.
      if (trouble.value.code === 'offline') timer = window.setTimeout(look, LOOK_AWAY_MS)
      else forget(asked)
    }
  }

  watch(id, () => {
    job.value = null
    void look()
  })
  onScopeDispose(() => {
    gone = true
    window.clearTimeout(timer)
  })
  void look()
  return { job, trouble, tell, look }
}

const KEY = 'kejing.desk.jobs'

/** Work that runs while somebody is on another page, for the strip in the frame. */
export const elsewhere = ref<string[]>(readJson<string[]>(inTab, KEY) ?? [])

function follow(job: Import): void {
  if (running(job) && !elsewhere.value.includes(job.id)) elsewhere.value = [...elsewhere.value, job.id]
  if (!running(job)) forget(job.id)
  inTab.set(KEY, JSON.stringify(elsewhere.value))
}

function forget(id: string): void {
  elsewhere.value = elsewhere.value.filter((one) => one !== id)
  inTab.set(KEY, JSON.stringify(elsewhere.value))
}

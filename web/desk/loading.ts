// What a page asks for when it opens, and an act that a button stands for.
import { onScopeDispose, ref, shallowReactive, watch, type Ref, type WatchSource } from 'vue'
import { DeskError } from './api/call'
import { failed } from './tell'

export interface Loading<T> {
  value: T | null
  trouble: DeskError | null
  busy: boolean
  again: () => Promise<void>
}

/** Asks now and whenever `from` changes. An answer that comes after a newer question is passed over. */
export function useLoading<T>(ask: () => Promise<T>, from?: WatchSource): Loading<T> {
  let turn = 0
  const loading: Loading<T> = shallowReactive({ value: null, trouble: null, busy: false, again }) as Loading<T>
  async function again(): Promise<void> {
    const mine = ++turn
    loading.busy = true
    try {
      const value = await ask()
      if (mine !== turn) return
      loading.value = value
      loading.trouble = null
    } catch (error) {
      if (mine === turn) loading.trouble = error instanceof DeskError ? error : new DeskError('unavailable', '页面出了点问题，请刷新后再试。')
      if (!(error instanceof DeskError)) console.error(error)
    } finally {
      if (mine === turn) loading.busy = false
    }
  }
  if (from !== undefined) watch(from, again)
  onScopeDispose(() => turn++)
  void again()
  return loading
}

/** Runs one act at a time; tells what went wrong. `true`: it was done. */
export function useAct(): { busy: Ref<boolean>; run: (act: () => Promise<unknown>) => Promise<boolean> } {
  const busy = ref(false)
  async function run(act: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    try {
      await act()
      return true
    } catch (error) {
      failed(error)
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, run }
}

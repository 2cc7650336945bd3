// Who sits at the desk: one session for the whole page.
import { computed, shallowRef } from 'vue'
import { carry, DeskError, whenSignedOut } from './api/call'
import { session as api } from './api/staff'
import type { Grant, Session } from './api/types'
import { has } from './state/roles'

export const session = shallowRef<Session | null>(null)
export const trouble = shallowRef<DeskError | null>(null)

export const me = computed(() => session.value?.staff ?? null)
export const roles = computed<Grant[]>(() => me.value?.roles ?? [])
export const isAdministrator = computed(() => has(roles.value, 'administrator'))

/** The server no longer knows this page: whoever worked here signs in again over it, and what they were writing stays. */
export const lost = shallowRef(false)

export function begin(told: Session): void {
  // Somebody else at the same computer starts with a page of their own.
  if (lost.value && told.staff?.id !== me.value?.id) {
    window.location.reload()
    return
  }
  carry(told.csrf)
  session.value = told
  trouble.value = null
  lost.value = false
}

export async function load(): Promise<void> {
  try {
    begin(await api.get())
  } catch (error) {
    trouble.value = error instanceof DeskError ? error : new DeskError('unavailable', '页面出了点问题，请刷新后再试。')
  }
}

export async function signOut(): Promise<void> {
  await api.signOut()
  await load()
}

whenSignedOut(async () => {
  if (me.value === null || lost.value) return
  lost.value = true
  // A sign-in has to show what this browser was given.
  try {
    carry((await api.get()).csrf)
  } catch {
    // The sign-in itself will tell that the network is away.
  }
})

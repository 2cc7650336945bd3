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

export function begin(told: Session): void {
  carry(told.csrf)
  session.value = told
  trouble.value = null
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

// Ended elsewhere, or too old: the page under way stays, and the sign-in comes over it.
whenSignedOut(() => {
  if (session.value?.staff != null) session.value = { ...session.value, staff: null }
})

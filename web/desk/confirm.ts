// Before a dangerous act the password is asked for once more; the act itself then goes on by itself.
import { shallowRef } from 'vue'
import { DeskError } from './api/call'

export interface Asking {
  why: string
  settle: (confirmed: boolean) => void
}

/** What the dialog in the shell shows. */
export const asking = shallowRef<Asking | null>(null)

export class GivenUp extends Error {}

/** Does `act`; where the server wants to know once more who it is, asks and does it again. */
export async function confirmed<T>(why: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof DeskError) || error.code !== 'confirm_first') throw error
  }
  const yes = await new Promise<boolean>((settle) => (asking.value = { why, settle }))
  asking.value = null
  if (!yes) throw new GivenUp()
  return act()
}

// Storage that never throws: WeChat's private mode and full disks refuse writes, and then memory has to do.
import { BASE } from './base'

export interface Shelf {
  get(key: string): string | null
  set(key: string, value: string): void
  remove(key: string): void
}

/** A page's own part of the browser's storage: what is kept in a rehearsal is nothing to the season.
 * Asked for anew at each use: where storage is forbidden, even reading the property throws. */
export function shelf(open: () => Storage): Shelf {
  const memory = new Map<string, string>()
  return {
    get(key) {
      if (memory.has(key)) return memory.get(key) ?? null
      try {
        return open().getItem(BASE + key)
      } catch {
        return null
      }
    },
    set(key, value) {
      try {
        open().setItem(BASE + key, value)
        memory.delete(key)
      } catch {
        memory.set(key, value)
      }
    },
    remove(key) {
      memory.delete(key)
      try {
        open().removeItem(BASE + key)
      } catch {
        // Nothing could be kept there, so nothing is left there.
      }
    },
  }
}

/** Stays on this phone. */
export const onDevice = shelf(() => window.localStorage)
/** Dies with the tab. */
export const inTab = shelf(() => window.sessionStorage)

export function readJson<T>(from: Shelf, key: string): T | null {
  const text = from.get(key)
  if (text === null) return null
  try {
    return JSON.parse(text) as T
  } catch {
    return null
  }
}

// Keys without a mouse: each page names its own, `?` shows them all.
import { onMounted, onUnmounted, ref, shallowReactive } from 'vue'
import { asking } from './confirm'

export interface Key {
  key: string
  does: string
  run: (event: KeyboardEvent) => void
  /** Also while somebody types, with Ctrl or ⌘ held. */
  withControl?: boolean
}

const layers = shallowReactive<(readonly Key[])[]>([])
export const helpOpen = ref(false)

export const keysNow = () => layers.flat()

export function useKeys(keys: readonly Key[]): void {
  onMounted(() => layers.push(keys))
  onUnmounted(() => {
    const place = layers.indexOf(keys)
    if (place >= 0) layers.splice(place, 1)
  })
}

const FIELDS = /^(INPUT|TEXTAREA|SELECT)$/

function typing(event: KeyboardEvent): boolean {
  const at = event.composedPath()[0]
  if (!(at instanceof HTMLElement)) return false
  const box = at instanceof HTMLInputElement && (at.type === 'checkbox' || at.type === 'radio')
  return at.isContentEditable || (FIELDS.test(at.tagName) && !box)
}

/** A dialog has its own keys. Closed ones stay in the page, hidden. */
const dialogOpen = () => asking.value !== null || [...document.querySelectorAll<HTMLElement>('.el-overlay')].some((one) => one.style.display !== 'none')

export function listen(): void {
  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.defaultPrevented || event.altKey) return
    const control = event.ctrlKey || event.metaKey
    if (dialogOpen()) return
    if (!control && typing(event)) return
    if (!control && event.key === '?') {
      helpOpen.value = true
      event.preventDefault()
      return
    }
    const found = [...keysNow()].reverse().find(({ key, withControl }) => key.toLowerCase() === event.key.toLowerCase() && (withControl ?? false) === control)
    if (found === undefined) return
    event.preventDefault()
    found.run(event)
  })
}

// The page's own tiny router: the hash, as a ref.
import { ref } from 'vue'
import { readRoute, writeRoute, type Route } from './state/route'

export const route = ref<Route>(readRoute(window.location.hash))

window.addEventListener('hashchange', () => {
  const next = readRoute(window.location.hash)
  const moved = next.screen !== route.value.screen || next.id !== route.value.id
  route.value = next
  if (moved) window.scrollTo(0, 0)
})

export function go(screen: string, id = ''): void {
  window.location.hash = writeRoute(screen, id)
}

/** Without a step to come back to: for what should not be gone back into. */
export function replace(screen: string, id = ''): void {
  window.location.replace(writeRoute(screen, id))
}

export function link(screen: string, id = ''): string {
  return writeRoute(screen, id)
}

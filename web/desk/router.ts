// The desk's own small router: the hash as a ref, and a question to whoever has not saved yet.
import { ref } from 'vue'
import { readRoute, writeRoute, type Route } from './state/route'

export const route = ref<Route>(readRoute(window.location.hash))

/** What would be lost by leaving, asked before a page is left; `null`: nothing. */
let unsaved: () => string | null = () => null
let going = window.location.hash

export function keepsUnsaved(ask: () => string | null): () => void {
  unsaved = ask
  return () => {
    if (unsaved === ask) unsaved = () => null
  }
}

window.addEventListener('hashchange', () => {
  if (window.location.hash === going) return
  const next = readRoute(window.location.hash)
  const question = next.path.join('/') === route.value.path.join('/') ? null : unsaved()
  if (question !== null && !window.confirm(question)) {
    // The address bar goes back; the page never left.
    window.history.pushState(null, '', going)
    return
  }
  going = window.location.hash
  const elsewhere = next.path.join('/') !== route.value.path.join('/')
  route.value = next
  if (elsewhere) window.scrollTo(0, 0)
})

window.addEventListener('beforeunload', (event) => {
  if (unsaved() !== null) event.preventDefault()
})

type Query = Record<string, string | number | undefined>

export const link = (...path: (string | number)[]) => writeRoute(path)
export const linkWith = (path: (string | number)[], query: Query) => writeRoute(path, query)

export function go(path: (string | number)[], query: Query = {}): void {
  window.location.hash = writeRoute(path, query)
}

/** Without a step to come back to. */
export function replace(path: (string | number)[], query: Query = {}): void {
  const hash = writeRoute(path, query)
  window.history.replaceState(null, '', hash)
  going = window.location.hash
  route.value = readRoute(hash)
}

// Every screen by its address. What leads to a question comes with the page; the rest follows in one piece while
// nobody waits, so that the first load stays small on a village network.
import { shallowRef, type Component } from 'vue'
import { lateParts } from './late'
import Home from './screens/Home.vue'
import Join from './screens/Join.vue'
import Paper from './screens/Paper.vue'
import Recovery from './screens/Recovery.vue'
import Result from './screens/Result.vue'
import Round from './screens/Round.vue'
import Waiting from './screens/Waiting.vue'

const FIRST: Record<string, Component> = { home: Home, join: Join, recovery: Recovery, round: Round, paper: Paper, result: Result }

const later = shallowRef<Record<string, Component> | null>(null)
export const laterFailed = shallowRef(false)

export async function fetchLater(): Promise<void> {
  laterFailed.value = false
  try {
    const fetched = await import('./later')
    lateParts.value = fetched.PARTS
    later.value = fetched.LATER
  } catch {
    laterFailed.value = true
  }
}

export function screenOf(name: string): Component {
  return FIRST[name] ?? (later.value === null ? Waiting : (later.value[name] ?? Home))
}

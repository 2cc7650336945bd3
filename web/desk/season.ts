// The region's tree, for binding an association to its place: from the public API, once.
import { computed, shallowRef } from 'vue'
import { api } from '../shared/api'
import type { Season } from '../shared/protocol'
import { placesOf, type Place } from './state/roles'

const season = shallowRef<Season | null>(null)
let asked: Promise<void> | null = null

export const rounds = computed(() => season.value?.rounds ?? [])

export const places = computed<Place[]>(() => (season.value === null ? [] : placesOf(season.value)))

export function fetchPlaces(): Promise<void> {
  asked ??= api.season().then(
    (told) => {
      season.value = told
    },
    () => {
      asked = null
    },
  )
  return asked
}

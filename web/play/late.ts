// Parts of the first screens that can wait: they come with the screens that follow later, and are absent until then.
import { shallowRef, type Component } from 'vue'

export const lateParts = shallowRef<Record<string, Component>>({})

// 大字版: one switch, kept on the phone.
import { ref } from 'vue'
import { onDevice } from '../shared/storage'

const KEY = 'kejing.large'

export const large = ref(onDevice.get(KEY) === '1')
show()

export function toggleLarge(): void {
  large.value = !large.value
  onDevice.set(KEY, large.value ? '1' : '0')
  show()
}

function show(): void {
  document.documentElement.classList.toggle('large', large.value)
}

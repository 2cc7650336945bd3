// Reads a question aloud, where the phone has a Chinese voice.
import { ref } from 'vue'
import { letter } from '../shared/format'
import type { Question } from '../shared/protocol'

const voices = (): SpeechSynthesisVoice[] => ('speechSynthesis' in window ? window.speechSynthesis.getVoices() : [])
const chinese = () => voices().find(({ lang }) => /^(zh|cmn)/i.test(lang))

export const canSpeak = ref(chinese() !== undefined)
if ('speechSynthesis' in window) window.speechSynthesis.onvoiceschanged = () => (canSpeak.value = chinese() !== undefined)

export function speak(question: Question): void {
  hush()
  const options = question.kind === 'true_false' ? '' : question.options.map((option, choice) => `${letter(choice)}，${option}`).join('。')
  const words = new SpeechSynthesisUtterance(`${question.stem}。${options}`)
  words.lang = 'zh-CN'
  words.voice = chinese() ?? null
  words.rate = 0.9
  window.speechSynthesis.speak(words)
}

export function hush(): void {
  if ('speechSynthesis' in window) window.speechSynthesis.cancel()
}

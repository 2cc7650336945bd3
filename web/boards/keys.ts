// The keyboard and the remote control: ← → turn pages, 1 to 9 choose an index, F fills the screen, Esc goes back.
import type { Boards } from './store'

interface VendorFullscreen {
  webkitFullscreenElement?: Element | null
  webkitExitFullscreen?: () => void
  webkitRequestFullscreen?: () => void
}

export const canFillScreen = (): boolean => {
  const root = document.documentElement as HTMLElement & VendorFullscreen
  return typeof root.requestFullscreen === 'function' || typeof root.webkitRequestFullscreen === 'function'
}

export function fillScreen(): void {
  const root = document.documentElement as HTMLElement & VendorFullscreen
  const page = document as Document & VendorFullscreen
  const full = document.fullscreenElement ?? page.webkitFullscreenElement ?? null
  // Refused only where the browser forbids it altogether; then everything stays as it is.
  if (full !== null) void (page.exitFullscreen ? page.exitFullscreen().catch(() => {}) : page.webkitExitFullscreen?.())
  else void (root.requestFullscreen ? root.requestFullscreen().catch(() => {}) : root.webkitRequestFullscreen?.())
}

export function listen(boards: Boards): void {
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return
    if (boards.sheet.value !== null) return // the sheet has its own keys
    const at = event.target instanceof Element ? event.target.tagName : ''
    if (at === 'SELECT' || at === 'INPUT') return
    if (press(event.key, boards)) event.preventDefault()
  })
}

function press(key: string, boards: Boards): boolean {
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowRight':
    case 'PageUp':
    case 'PageDown':
      // With one page alone, and where one scrolls, they keep what they always do.
      if (boards.pages.value < 2 || (key.startsWith('Page') && !boards.isScreen.value)) return false
      boards.dispatch({ type: 'turned', by: key === 'ArrowLeft' || key === 'PageUp' ? -1 : 1 })
      return true
    case 'f':
    case 'F':
      fillScreen()
      return true
    case 'Escape':
      if (boards.state.value.address.view === 'cities') return false
      boards.home()
      return true
    default:
      return chooseIndex(key, boards)
  }
}

function chooseIndex(key: string, boards: Boards): boolean {
  const index = /^[1-9]$/.test(key) ? boards.state.value.cities?.indices[Number(key) - 1] : undefined
  if (index === undefined) return false
  boards.go({ by: index.id })
  return true
}

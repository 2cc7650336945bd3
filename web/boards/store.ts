// The page's edge: the reducer's state as a ref, the feed, the address bar, the clock, the turning of pages.
import { computed, inject, provide, ref, shallowRef, type InjectionKey } from 'vue'
import { BASE } from '../shared/base'
import { Feed } from './feed'
import { HOME, readAddress, writeAddress, type Address } from './state/address'
import { begin, reduce, type BoardsEvent } from './state/reducer'
import { feedOf, pageCount, wanted } from './state/select'
import { shapeOf } from './state/shape'
import { levelWords } from './state/words'

/** On a big screen the controls leave when no hand has been near for so long. */
const AWAKE_MS = 12_000
/** A notice stays this long on a screen that nobody touches. */
const NOTICE_MS = 180_000

export type Sheet = 'definitions' | 'address' | null

export function openBoards() {
  const state = shallowRef(begin(readAddress(window.location.search)))
  const shape = ref(shapeOf(window.innerWidth, window.innerHeight))
  const now = ref(Date.now())
  const sheet = ref<Sheet>(null)
  const awake = ref(true)
  let offset = 0

  function dispatch(event: BoardsEvent): void {
    const before = state.value
    state.value = reduce(before, event)
    if (state.value === before) return
    feed.follow(wanted(state.value), state.value.page > 0)
    keepTurning(event.type === 'turned')
    if (state.value.season !== null) showAddress('replaceState')
    if (event.type === 'message' && event.message.type === 'notice') {
      const { notice } = state.value
      window.setTimeout(() => state.value.notice === notice && dispatch({ type: 'notice_read' }), NOTICE_MS)
    }
  }

  const feed = new Feed(dispatch, (serverNow) => {
    offset = serverNow - Date.now()
    now.value = serverNow
  })

  /** Somewhere else by a person's hand: the back button comes back from there. */
  function go(to: Partial<Address>): void {
    const elsewhere = to.view !== undefined && to.view !== state.value.address.view
    if (elsewhere) showAddress('pushState')
    dispatch({ type: 'went', to })
    if (elsewhere) window.scrollTo(0, 0)
  }

  function showAddress(how: 'pushState' | 'replaceState'): void {
    const search = writeAddress(state.value.address)
    if (how === 'pushState' || search !== window.location.search) window.history[how](null, '', window.location.pathname + search)
  }

  let turnTimer = 0
  let turning = ''
  function keepTurning(afresh: boolean): void {
    const { view, turn } = state.value.address
    const next = shape.value.is !== 'phone' && turn > 0 && pageCount(state.value) > 1 ? `${view}|${turn}` : ''
    if (next === turning && !afresh) return
    turning = next
    window.clearInterval(turnTimer)
    if (next !== '') turnTimer = window.setInterval(() => sheet.value === null && dispatch({ type: 'turned', by: 1 }), turn * 1000)
  }

  function fit(): void {
    const next = shapeOf(window.innerWidth, window.innerHeight)
    shape.value = next
    const root = document.documentElement
    root.className = next.is === 'phone' ? 'phone' : `screen ${next.is}`
    root.style.setProperty('--u', `${next.unit}px`)
    dispatch({ type: 'fits', cityRows: next.cityRows })
    keepTurning(false)
  }

  function tick(): void {
    now.value = Date.now() + offset
    window.setTimeout(tick, 1000 - (now.value % 1000))
  }

  let awakeTimer = 0
  function stir(): void {
    awake.value = true
    window.clearTimeout(awakeTimer)
    awakeTimer = window.setTimeout(() => {
      // A keyboard's user is in the middle of something there.
      const busy = document.activeElement?.closest('.foot') ?? null
      if (busy === null || sheet.value !== null) awake.value = false
      else stir()
    }, AWAKE_MS)
  }

  function start(): void {
    window.addEventListener('resize', fit)
    window.addEventListener('popstate', () => {
      const { by, ...rest } = readAddress(window.location.search)
      dispatch({ type: 'went', to: by === undefined ? rest : { ...rest, by } })
    })
    for (const hand of ['pointermove', 'mousemove', 'pointerdown', 'touchstart', 'keydown']) {
      window.addEventListener(hand, stir, { passive: true })
    }
    fit()
    stir()
    tick()
    feed.start()
  }

  return {
    state,
    shape,
    now,
    sheet,
    awake,
    dispatch,
    go,
    start,
    home: () => go({ view: HOME.view }),
    isScreen: computed(() => shape.value.is !== 'phone'),
    pages: computed(() => pageCount(state.value)),
    feed: computed(() => feedOf(state.value)),
    season: computed(() => state.value.season),
    words: computed(() => levelWords(state.value.season?.region.levels ?? [])),
    /** The address that a view has, for real links. */
    linkTo: (view: string) => `${BASE}/boards${writeAddress({ ...state.value.address, view })}`,
  }
}

export type Boards = ReturnType<typeof openBoards>

const KEY: InjectionKey<Boards> = Symbol('boards')

export const provideBoards = (boards: Boards) => provide(KEY, boards)

export function useBoards(): Boards {
  const boards = inject(KEY)
  if (boards === undefined) throw new Error('useBoards outside of the boards page')
  return boards
}

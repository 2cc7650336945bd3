// The edge of the play page: the reducer's state as a ref, with the socket, the storage and HTTP around it.
import { computed, ref, shallowRef } from 'vue'
import { api, ApiError } from '../shared/api'
import { Socket, socketUrl } from '../shared/socket'
import { inTab, onDevice, readJson } from '../shared/storage'
import type { Me, Notice, Participant, Question, Round, Season, ServerMessage } from '../shared/protocol'
import { begin, mustResume, owed, reduce, runsOn, type PlayEvent } from './state/play'
import { People, type Person } from './state/people'
import { replace, route } from './router'

const SEEN = 'kejing.seen'
const QUESTION = 'kejing.question'
const ANSWERED = 'kejing.answered'
/** A season changes its states at its edges; looking again so often is enough for a page that stays open. */
const SEASON_FRESH_MS = 60_000

const people = new People(onDevice, inTab)
if (/[?&]room=1\b/.test(window.location.search)) people.room = true

export const play = shallowRef(begin(readJson<string[]>(onDevice, SEEN) ?? []))
export const season = shallowRef<Season | null>(null)
export const seasonFault = shallowRef<ApiError | null>(null)
export const notices = shallowRef<Notice[]>([])
export const me = shallowRef<Me | null>(null)
export const person = shallowRef<Person | null>(people.current)
export const remembered = shallowRef<Person[]>(people.all)
export const room = ref(people.room)
/** Attempts whose result is not what it was when it was told. */
export const corrected = shallowRef<string[]>([])
/** Shown once, right after joining. */
export const recovery = shallowRef<{ code: string; name: string } | null>(null)
/** This phone's time; everything that shows time hangs on it. */
export const now = ref(Date.now())

/** The server's time, whatever the phone's clock says. */
export const serverNow = computed(() => now.value + offset.value)
const offset = ref(0)

const socket = new Socket({
  url: socketUrl(window.location),
  token: () => person.value?.token ?? null,
  onLink: (link) => dispatch({ is: 'link', link }),
  onLatency: (ms) => dispatch({ is: 'latency', ms }),
  onMessage: (message, at) => hear(message, at),
})

/** The one way in which anything changes. What the person asked for is sent, or owed until it can be. */
export function dispatch(event: PlayEvent): void {
  const before = play.value
  play.value = reduce(before, event)
  if (play.value === before) return
  if (event.is === 'choose') rememberQuestion()
  if (event.is === 'start' || event.is === 'hand_in' || event.is === 'pass' || event.is === 'next' || event.is === 'finish') {
    rememberQuestion()
    sendOwed()
  }
  if (play.value.seen !== before.seen) onDevice.set(SEEN, JSON.stringify(play.value.seen))
}

function sendOwed(): void {
  const message = owed(play.value)
  if (message !== null) socket.send(message)
}

/** The server has sent everyone away for a moment: it may come back with another season. */
let left = false

let patience: ReturnType<typeof setTimeout> | undefined

function hear(message: ServerMessage, at: number): void {
  const wasResuming = play.value.resuming
  now.value = at // what it says is left is left from now
  dispatch({ is: 'message', message, at })
  switch (message.type) {
    case 'reconnect':
      left = true
      break
    case 'welcome':
      if (left) void refreshSeason()
      left = false
      if (message.attempt === null) sendOwed()
      else if (route.value.screen !== 'paper') replace('paper') // its clock is running
      if (play.value.endedAway !== null) replace('result', play.value.endedAway)
      offset.value = message.now - at
      break
    case 'question':
      if (wasResuming) recallQuestion()
      rememberQuestion()
      prefetch(message.prefetch)
      if (wasResuming) sendOwed()
      if (message.seq === 1 && !wasResuming) replace('paper')
      break
    case 'verdict':
      if (wasResuming) recallQuestion()
      if (wasResuming || play.value.paper?.finishing) sendOwed()
      break
    case 'result':
      if (play.value.paper === null) replace('result', message.attempt)
      void refreshMe()
      break
    case 'pong':
      offset.value = message.now - at
      break
    case 'error':
      if (message.code === 'excluded') void refreshMe()
      if (play.value.signedOut) signedOut()
      else if (mustResume(message)) socket.open()
      else if (play.value.told?.retryAt != null) {
        clearTimeout(patience)
        patience = setTimeout(sendOwed, play.value.told.retryAt - at)
      }
      break
    case 'corrected':
      corrected.value = [...corrected.value, ...message.attempts]
      void refreshMe()
      break
    case 'clock':
      if (runsOn(message)) sendOwed()
      break
    case 'notice':
      // It says all that there is to know: thousands of phones need not ask for it at once.
      notices.value = [{ id: `told-${at}`, at: at + offset.value, level: message.level, text: message.text }, ...notices.value]
      break
    default:
      break
  }
}

// A verdict that waits for 「下一题」 comes without its question after a reload; the tab keeps the last one.
function rememberQuestion(): void {
  const { paper } = play.value
  if (paper?.question == null) return
  inTab.set(QUESTION, JSON.stringify({ question: paper.question, chosen: paper.chosen }))
}

function recallQuestion(): void {
  const kept = readJson<{ question: Question; chosen: number[] }>(inTab, QUESTION)
  if (kept !== null) dispatch({ is: 'remembered', ...kept })
}

function prefetch(urls: string[] | undefined): void {
  for (const url of urls ?? []) new Image().src = url
}

// ---- Who plays ----------------------------------------------------------------------------------------------------

export function enter(participant: Participant, token: string): void {
  people.remember(participant, token)
  becomeCurrent()
}

export function switchTo(id: string | null): void {
  people.switchTo(id)
  becomeCurrent()
}

export function forget(id: string): void {
  const mine = person.value?.id === id
  people.forget(id)
  if (mine) becomeCurrent()
  else remembered.value = people.all
}

export function useRoom(on: boolean): void {
  people.room = on
  room.value = on
  becomeCurrent()
}

function becomeCurrent(): void {
  person.value = people.current
  remembered.value = people.all
  me.value = null
  dispatch({ is: 'left' })
  clearTimeout(patience)
  if (person.value === null) socket.close()
  else {
    socket.open()
    void refreshMe()
  }
}

function signedOut(): void {
  const gone = person.value
  if (gone !== null) people.forget(gone.id)
  becomeCurrent()
  replace('sign-in', 'expired')
}

/** After 4001: the person wants to go on here. */
export function takeOver(): void {
  socket.open()
}

// ---- What is fetched ----------------------------------------------------------------------------------------------

let seasonAt = 0

export async function refreshSeason(): Promise<void> {
  try {
    const fetched = await api.season()
    season.value = fetched
    seasonFault.value = null
    seasonAt = Date.now()
    if (!socket.online) offset.value = fetched.now - seasonAt
    document.title = fetched.name
  } catch (fault) {
    seasonFault.value = fault instanceof ApiError ? fault : null
  }
}

export async function refreshNotices(): Promise<void> {
  try {
    notices.value = (await api.notices()).notices
  } catch {
    // The page lives without; they are asked for again with the next look.
  }
}

export async function refreshMe(): Promise<void> {
  const asked = person.value
  if (asked === null) return
  try {
    const fetched = await api.me(asked.token)
    if (person.value?.token === asked.token) me.value = fetched
  } catch (fault) {
    if (fault instanceof ApiError && fault.signedOut && person.value?.token === asked.token) signedOut()
  }
}

/** Answers to what I reported that I have not looked at on this phone. */
const answersSeen = ref(readJson<number>(onDevice, ANSWERED) ?? 0)
export const answerWaits = computed(() => (me.value?.report_answered_at ?? 0) > answersSeen.value)

export function sawAnswers(): void {
  answersSeen.value = me.value?.report_answered_at ?? answersSeen.value
  onDevice.set(ANSWERED, JSON.stringify(answersSeen.value))
}

export function setMe(fetched: Me): void {
  me.value = fetched
  if (person.value !== null) {
    people.remember(fetched.participant, person.value.token)
    person.value = people.current
    remembered.value = people.all
  }
}

// ---- Names ----------------------------------------------------------------------------------------------------------

export const roundOf = (id: string): Round | undefined => season.value?.rounds.find((one) => one.id === id)
export const cityOf = (code: string | undefined) => season.value?.cities.find((one) => one.code === code)
export const cityName = (code: string): string => cityOf(code)?.name ?? code
export function countyName(city: string, county: string | undefined): string {
  return cityOf(city)?.counties.find((one) => one.code === county)?.name ?? ''
}

/** What the places at a depth of the region are called: 市, 县市区. */
export const levelName = (depth: number): string => (season.value?.region.levels[depth] ?? '').replace('设区', '').replace(/[（）、]/g, '')

// ---- Start ------------------------------------------------------------------------------------------------------------

export function openGame(): void {
  void refreshSeason()
  void refreshNotices()
  if (person.value !== null) {
    socket.open()
    void refreshMe()
  }
  setInterval(() => (now.value = Date.now()), 250)
  window.addEventListener('online', () => wake())
  window.addEventListener('offline', () => socket.lost())
  window.addEventListener('pageshow', () => wake())
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) wake()
  })
}

/** Looked at again, or the network is back: a phone may have slept for an hour. */
function wake(): void {
  now.value = Date.now()
  socket.wake()
  if (season.value === null || Date.now() - seasonAt > SEASON_FRESH_MS) void refreshSeason()
}

export async function retryAll(): Promise<void> {
  socket.wake()
  await Promise.all([refreshSeason(), refreshNotices(), refreshMe()])
}

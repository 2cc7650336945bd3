// The season that is being written: one for all its pages. What is not saved yet stays on this device until it is; the server says what is wrong
// and what the rules mean while somebody types.
import { computed, ref, shallowRef, watch } from 'vue'
import { DeskError, sentenceOf } from './api/call'
import { seasons, type DraftWithFile } from './api/seasons'
import type { RoundFile, SeasonCheck, SeasonFile } from './api/types'
import { onDevice, readJson } from '../shared/storage'
import { normalised, pruned } from './state/season'
import { done } from './tell'

/** After the last key, before the server is asked. */
const CHECK_AFTER_MS = 400
const KEPT = 'kejing-season-draft'

interface Kept {
  season: string
  revision: number
  file: SeasonFile
}

export const told = shallowRef<DraftWithFile | null>(null)
export const trouble = shallowRef<DeskError | null>(null)
export const file = ref<SeasonFile>({})
export const check = shallowRef<SeasonCheck | null>(null)
/** Of the last check that had no faults: what is shown until the next such one. */
export const sound = shallowRef<SeasonCheck | null>(null)
export const checking = ref(false)
export const saving = ref(false)
/** What was typed before this page was loaded anew has been found. */
export const restored = ref(false)
/** Somebody else saved meanwhile. */
export const newer = shallowRef<DraftWithFile | null>(null)

export const rounds = computed(() => file.value.round ?? [])
export const faults = computed(() => check.value?.faults ?? [])
export const warnings = computed(() => check.value?.warnings ?? [])
const saved = computed(() => JSON.stringify(told.value === null ? {} : normalised(told.value.draft)))
export const isDirty = computed(() => told.value !== null && JSON.stringify(pruned(file.value)) !== saved.value)

export const unsavedQuestion = () => (isDirty.value ? '赛季设置还没有保存（已经暂存在这台电脑上）。要离开吗？' : null)

let seasonId = ''

/** Reads the draft, unless it is there; what this device kept of the same revision is taken up again. */
export async function load(anew = false): Promise<void> {
  if (told.value !== null && !anew) return
  try {
    const draft = await seasons.draft()
    trouble.value = null
    take(draft)
    seasonId = String((draft.draft as { id?: string }).id ?? '')
    const kept = readJson<Kept>(onDevice, KEPT)
    if (kept !== null && kept.season === seasonId && kept.revision === draft.revision) {
      file.value = kept.file
      restored.value = isDirty.value
    }
    await ask()
  } catch (error) {
    trouble.value = error instanceof DeskError ? error : new DeskError('unavailable', sentenceOf(error))
  }
}

function take(draft: DraftWithFile): void {
  told.value = draft
  file.value = normalised(draft.draft)
  newer.value = null
}

let turn = 0
let waiting = 0

async function ask(): Promise<void> {
  const mine = ++turn
  checking.value = true
  try {
    const answer = await seasons.check(pruned(file.value))
    if (mine !== turn) return
    check.value = answer
    if (answer.rounds.length > 0) sound.value = answer
  } catch {
    // The next key asks again; saving tells what is the matter.
  } finally {
    if (mine === turn) checking.value = false
  }
}

watch(
  file,
  () => {
    if (told.value === null) return
    window.clearTimeout(waiting)
    waiting = window.setTimeout(() => void ask(), CHECK_AFTER_MS)
    if (isDirty.value) onDevice.set(KEPT, JSON.stringify({ season: seasonId, revision: told.value.revision, file: pruned(file.value) } satisfies Kept))
    else onDevice.remove(KEPT)
  },
  { deep: true },
)

/** A list of organisations goes with what is saved: it makes a revision of its own. */
export async function sendOrganisations(list: File): Promise<void> {
  if (told.value === null || (isDirty.value && !(await save()))) return
  take(await seasons.sendOrganisations(told.value.revision, list))
  done('名单已存入草稿。')
  await ask()
}

/** `over` somebody else's revision where their text was seen. */
export async function save(over?: number): Promise<boolean> {
  if (told.value === null || saving.value) return false
  saving.value = true
  try {
    const draft = await seasons.save(over ?? told.value.revision, pruned(file.value))
    onDevice.remove(KEPT)
    restored.value = false
    take(draft)
    done('草稿已保存，发布以后才对选手起作用。')
    await ask()
    return true
  } catch (error) {
    if (!(error instanceof DeskError) || error.code !== 'conflict') throw error
    newer.value = await seasons.draft()
    return false
  } finally {
    saving.value = false
  }
}

/** Somebody else's text in place of one's own. */
export async function takeTheirs(): Promise<void> {
  onDevice.remove(KEPT)
  restored.value = false
  if (newer.value !== null) take(newer.value)
  await ask()
}

/** One's own text over somebody else's. */
export const keepMine = () => save(newer.value?.revision)

/** What was typed since the last save is given up. */
export async function revert(): Promise<void> {
  onDevice.remove(KEPT)
  restored.value = false
  if (told.value !== null) file.value = normalised(told.value.draft)
  await ask()
}

/** The draft itself is given up: the form begins with what runs. */
export async function discard(): Promise<void> {
  await seasons.discard()
  onDevice.remove(KEPT)
  restored.value = false
  await load(true)
}

export function changeRound(place: number, change: Partial<RoundFile>): void {
  file.value.round = rounds.value.map((round, at) => (at === place ? { ...round, ...change } : round))
}

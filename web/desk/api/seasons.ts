// The season: what runs, and what is being written of the next version.
import { address, get, post, put, remove, send } from './call'
import type { DryDraw, RehearsalNow, RoundFile, SeasonCheck, SeasonDraft, SeasonFile, SeasonNow, SeasonVersion } from './types'

/** A preset's rounds are whole rounds; the draft is a whole file. */
export interface DraftWithFile extends SeasonDraft {
  draft: SeasonFile
  presets: (SeasonDraft['presets'][number] & { rounds: { name: string; summary: string; round: RoundFile }[] })[]
}

export const seasons = {
  now: () => get<SeasonNow>('/season'),
  versions: () => get<{ items: SeasonVersion[] }>('/season/versions'),
  draft: () => get<DraftWithFile>('/season/draft'),
  save: (revision: number, draft: SeasonFile) => put<DraftWithFile>('/season/draft', { revision, draft }),
  discard: () => remove('/season/draft'),
  check: (draft: SeasonFile) => post<SeasonCheck>('/season/draft/check', { draft }),
  dryDraw: (draft: SeasonFile, round: string, papers: number) => post<DryDraw>('/season/draft/dry-draw', { draft, round, papers }),
  sendOrganisations: (revision: number, list: File) => send<DraftWithFile>('/season/draft/organisations', { content: list, type: 'text/csv' }, { revision }),
  organisations: () => address('/season/draft/organisations'),
  file: () => address('/season/draft/file'),
  publish: (revision: number, reason: string) => post<{ state: 'asked' | 'published'; version: number | null }>('/season/publication', { revision, reason }),
  rehearsal: () => get<RehearsalNow>('/season/rehearsal'),
  rehearse: (from: number | null) => post<RehearsalNow>('/season/rehearsal', { from }),
  endRehearsal: () => remove('/season/rehearsal'),
  withdraw: () => remove('/season/publication'),
}

// The season while it runs: how it goes, what is done to it, what everyone is told, who plays.
import { get, part, post, remove } from './call'
import type { Act, ActKind, DeskNotice, LostAttempts, ParticipantPage, ParticipantRow, Running } from './types'

export const running = {
  get: () => get<Running>('/running'),
  pause: (round: string | null, reason: string) => post<Act>('/pause', { round, reason }),
  resume: (round: string | null, reason: string) => post<Act>('/resume', { round, reason }),
  extend: (round: string, closes: number, reason: string) => post<Act>(`/rounds/${part(round)}/extend`, { closes, reason }),
  giveTime: (round: string, ms: number, reason: string) => post<Act>(`/rounds/${part(round)}/give-time`, { ms, reason }),
}

export const acts = {
  list: (filter: { kind?: ActKind | ''; undone?: boolean | undefined; before?: string }) => get<{ items: Act[]; next?: string }>('/acts', filter),
  undo: (id: string, reason: string) => post<Act>(`/acts/${part(id)}/undo`, { reason }),
}

export const notices = {
  list: () => get<{ items: DeskNotice[] }>('/notices'),
  tell: (level: DeskNotice['level'], text: string) => post<DeskNotice>('/notices', { level, text }),
  takeBack: (id: string, reason: string) => remove(`/notices/${part(id)}?reason=${encodeURIComponent(reason)}`),
}

export const participants = {
  search: (q: string) => get<{ items: ParticipantRow[]; more: boolean }>('/participants', { q }),
  get: (id: string, before?: string) => get<ParticipantPage>(`/participants/${part(id)}`, { before }),
  exclude: (id: string, reason: string) => post<Act>(`/participants/${part(id)}/exclude`, { reason }),
  reinstate: (id: string, reason: string) => post<Act>(`/participants/${part(id)}/reinstate`, { reason }),
  rename: (id: string, name: string, reason: string) => post<Act>(`/participants/${part(id)}/rename`, { name, reason }),
  hide: (id: string, reason: string) => post<Act>(`/participants/${part(id)}/hide`, { reason }),
  show: (id: string, reason: string) => post<Act>(`/participants/${part(id)}/show`, { reason }),
  lost: (lost: LostAttempts) => post<{ participants: number; attempts: number }>('/give-back/preview', lost),
  giveBack: (lost: LostAttempts, reason: string) => post<Act>('/give-back', { ...lost, reason }),
}

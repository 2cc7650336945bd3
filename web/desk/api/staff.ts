// Who someone is, who works here, and what was done: sign-in, staff, the audit log.
import { address, get, part, patch, post, put, remove } from './call'
import type { AuditEntry, Grant, Invitation, Session, SignInPlace, StaffMember } from './types'

export interface AuditFilter {
  who?: string
  act?: string
  subject?: string
  from?: number
  to?: number
}

export const session = {
  get: () => get<Session>('/session'),
  setUp: (body: { link: string; login: string; name: string; password: string }) => post<Session>('/setup', body),
  invited: (secret: string) => get<{ login: string; name: string; roles: Grant[] }>(`/invitations/${part(secret)}`),
  accept: (secret: string, password: string) => post<Session>(`/invitations/${part(secret)}`, { password }),
  signIn: (body: { login: string; password: string; code?: string }) => post<Session>('/session', body),
  signOut: () => remove('/session'),
  confirm: (body: { password: string; code?: string }) => post<{ confirmed_until: number }>('/session/confirm', body),
  changePassword: (body: { old: string; new: string }) => post<undefined>('/session/password', body),
  beginSecondFactor: () => post<{ secret: string; uri: string; qr: string }>('/session/second-factor'),
  finishSecondFactor: (code: string) => put<{ recovery: string[] }>('/session/second-factor', { code }),
  endSecondFactor: () => remove('/session/second-factor'),
  places: () => get<{ items: SignInPlace[] }>('/session/all'),
  endPlace: (id: string) => remove(`/session/all/${part(id)}`),
  phone: () => get<{ url: string | null; qr: string | null }>('/phone'),
}

export const staff = {
  list: () => get<{ items: StaffMember[] }>('/staff'),
  invite: (body: { login: string; name: string; roles: Grant[] }) => post<{ staff: StaffMember; invitation: Invitation }>('/staff', body),
  change: (id: string, body: { name?: string; roles?: Grant[]; state?: 'active' | 'disabled' }) => patch<StaffMember>(`/staff/${part(id)}`, body),
  reset: (id: string, reason: string) => post<{ state: 'asked' | 'done'; invitation?: Invitation }>(`/staff/${part(id)}/reset`, { reason }),
  places: (id: string) => get<{ items: SignInPlace[] }>(`/staff/${part(id)}/sessions`),
  endPlace: (id: string, place: string) => remove(`/staff/${part(id)}/sessions/${part(place)}`),
}

export const audit = {
  list: (filter: AuditFilter & { before?: string; limit?: number }) => get<{ items: AuditEntry[]; next?: string }>('/audit', filter),
  file: () => address('/audit/export'),
}

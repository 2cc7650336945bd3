// Reports of questions, corrections, attempts looked up for citizens, and their complaints.
import { get, part, post } from './call'
import type { AttemptStory, Complaint, ComplaintRow, Correction, CorrectionRow, FoundItem, Remedy, ReportedPage, ReportedQuestion } from './types'

export const reports = {
  list: (query: { bank?: string; state?: 'open' | 'answered'; offset?: number; limit?: number }) => get<ReportedPage>('/reports', query),
  get: (bank: string, question: string) => get<ReportedQuestion>(`/reports/${part(bank)}/${part(question)}`),
  answer: (bank: string, question: string, text: string, up_to: number) => post<ReportedQuestion>(`/reports/${part(bank)}/${part(question)}/answer`, { text, up_to }),
  rest: (bank: string, question: string, reason: string) => post<ReportedQuestion>(`/reports/${part(bank)}/${part(question)}/rest`, { reason }),
  wake: (bank: string, question: string, reason: string) => post<ReportedQuestion>(`/reports/${part(bank)}/${part(question)}/wake`, { reason }),
}

export interface Proposal {
  bank: string
  question: string
  remedy: Remedy
  versions?: number[]
  reason: string
  text: string
  complaint?: string
}

export const corrections = {
  list: () => get<{ items: CorrectionRow[] }>('/corrections'),
  get: (id: string) => get<Correction>(`/corrections/${part(id)}`),
  propose: (proposal: Proposal) => post<Correction>('/corrections', proposal),
  preview: (id: string) => post<Correction>(`/corrections/${part(id)}/preview`),
  decide: (id: string, preview: number) => post<Correction>(`/corrections/${part(id)}/decide`, { preview }),
  withdraw: (id: string, reason: string) => post<Correction>(`/corrections/${part(id)}/withdraw`, { reason }),
}

export const attempts = {
  search: (q: string) => get<{ items: FoundItem[]; more: boolean }>('/complaints/search', { q }),
  get: (id: string) => get<AttemptStory>(`/attempts/${part(id)}`),
}

export const complaints = {
  list: (query: { state?: 'open' | 'closed'; offset?: number; limit?: number }) => get<{ items: ComplaintRow[]; total: number }>('/complaints', query),
  get: (id: string) => get<Complaint>(`/complaints/${part(id)}`),
  open: (body: { attempt?: string; participant?: string; text: string; from?: string }) => post<Complaint>('/complaints', body),
  explain: (id: string, text: string) => post<Complaint>(`/complaints/${part(id)}/explain`, { text }),
  refer: (id: string, to: string, text: string) => post<Complaint>(`/complaints/${part(id)}/refer`, { to, text }),
  close: (id: string, text: string) => post<Complaint>(`/complaints/${part(id)}/close`, { text }),
  reopen: (id: string, text: string) => post<Complaint>(`/complaints/${part(id)}/reopen`, { text }),
}

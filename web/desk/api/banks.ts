// Banks, their questions, reviews and versions.
import { address, file, get, part, patch, post, put, remove, send } from './call'
import type {
  Bank,
  BulkRequest,
  BulkResult,
  Draft,
  ExportFormat,
  Fault,
  ForbiddenWord,
  Media,
  PartChange,
  PublishPreview,
  Published,
  Question,
  QuestionFilter,
  QuestionPage,
  RequiredWord,
  Revision,
  Similar,
  Version,
  VersionChange,
  Wording,
} from './types'

export const banks = {
  list: () => get<{ items: Bank[] }>('/banks'),
  get: (id: string) => get<Bank>(`/banks/${part(id)}`),
  create: (body: { id: string; name: string; reviews: number }) => post<Bank>('/banks', body),
  sample: () => post<Bank>('/banks/sample'),
  change: (id: string, body: { name?: string; reviews?: number; required?: RequiredWord[]; forbidden?: ForbiddenWord[] }) => patch<Bank>(`/banks/${part(id)}`, body),
  topics: (id: string) => get<{ topics: string[] }>('/topics', { bank: id }),
  publishPreview: (id: string) => get<PublishPreview>(`/banks/${part(id)}/publish/preview`),
  publish: (id: string, reason: string) => post<Published>(`/banks/${part(id)}/publish`, { reason }),
  versions: (id: string) => get<{ items: Version[] }>(`/banks/${part(id)}/versions`),
  compare: (id: string, a: number, b: number) => get<{ changes: VersionChange[] }>(`/banks/${part(id)}/versions/${a}..${b}`),
  file: (id: string, query: { format: ExportFormat; version?: number; state?: string }) => file(`/banks/${part(id)}/export`, query),
}

export const questions = {
  list: (bank: string, query: QuestionFilter & { sort?: string; offset?: number; limit?: number }) => get<QuestionPage>(`/banks/${part(bank)}/questions`, query),
  get: (id: string) => get<Question>(`/questions/${part(id)}`),
  create: (bank: string, draft: Draft) => post<Question>(`/banks/${part(bank)}/questions`, { draft }),
  save: (id: string, revision: number, draft: Draft) => put<Question>(`/questions/${part(id)}`, { revision, draft }),
  delete: (id: string) => remove(`/questions/${part(id)}`),
  submit: (id: string, revision: number) => post<Question>(`/questions/${part(id)}/submit`, { revision }),
  approve: (id: string, revision: number, reason?: string) => post<Question>(`/questions/${part(id)}/approve`, reason ? { revision, reason } : { revision }),
  return: (id: string, revision: number, reasons: string) => post<Question>(`/questions/${part(id)}/return`, { revision, reasons }),
  rest: (id: string, reason: string) => post<Question>(`/questions/${part(id)}/rest`, { reason }),
  wake: (id: string, reason: string) => post<Question>(`/questions/${part(id)}/wake`, { reason }),
  revisions: (id: string) => get<{ items: Revision[] }>(`/questions/${part(id)}/revisions`),
  compare: (id: string, a: number, b: number) => get<{ changes: PartChange[] }>(`/questions/${part(id)}/revisions/${a}..${b}`),
  similar: (id: string) => get<{ items: Similar[] }>(`/questions/${part(id)}/similar`),
  bulk: (bank: string, request: BulkRequest) => post<BulkResult>(`/banks/${part(bank)}/bulk`, request),
  review: (bank?: string) => get<QuestionPage>('/review', { bank, limit: 200 }),
  check: (bank: string, draft: Draft) => post<{ faults: Fault[]; wording: Wording[] }>('/wording', { bank, draft }),
}

export const media = {
  keep: (file: File) => send<Omit<Media, 'alt'> & { bytes: number }>('/media', { content: file, type: file.type }),
  url: (id: string) => address(`/media/${part(id)}`),
}

// Files of questions on their way into a bank.
import { address, get, part, patch, post, remove, send } from './call'
import type { Draft, Import, ImportDefaults, ImportRow, RowPage, RowsFilter } from './types'

/** What the server takes; told before a large file is sent in vain. */
export const FILE_BYTES_MAX = 16 * 1024 * 1024

export const imports = {
  list: (bank: string) => get<{ items: Import[] }>(`/banks/${part(bank)}/imports`),
  get: (id: string) => get<Import>(`/imports/${part(id)}`),
  file: (bank: string, file: File) => send<Import>(`/banks/${part(bank)}/imports`, { content: file, type: 'application/octet-stream' }, { name: file.name }),
  text: (bank: string, name: string, text: string) => send<Import>(`/banks/${part(bank)}/imports`, { content: text, type: 'text/plain; charset=utf-8' }, { name }),
  read: (id: string, body: { format?: string; sheet?: string; columns?: Record<number, string>; defaults?: ImportDefaults }) => patch<Import>(`/imports/${part(id)}`, body),
  delete: (id: string) => remove(`/imports/${part(id)}`),
  rows: (id: string, query: { standing?: RowsFilter; offset?: number; limit?: number }) => get<RowPage>(`/imports/${part(id)}/rows`, query),
  row: (id: string, n: number) => get<ImportRow>(`/imports/${part(id)}/rows/${n}`),
  mend: (id: string, n: number, body: { draft: Draft } | { accept: true } | { skip: boolean }) => patch<ImportRow>(`/imports/${part(id)}/rows/${n}`, body),
  accept: (id: string, code: string) => post<{ accepted: number; import: Import }>(`/imports/${part(id)}/accept`, { code }),
  confirm: (id: string, rows: 'ready' | number[]) => post<Import>(`/imports/${part(id)}/confirm`, { rows }),
  rest: (id: string) => address(`/imports/${part(id)}/rest.xlsx`),
  template: () => address('/imports/template.xlsx'),
}

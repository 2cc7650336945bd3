// HTTP under `/api/desk/v1`. Every call either gives its answer or throws a `DeskError` that a person can read.
import type { Fault, Problem, Question } from './types'

export const ORIGIN = '/api/desk/v1'

/** Longer than a slow office network needs, shorter than a person's patience; uploads take as long as they take. */
const ANSWER_WITHIN_MS = 20_000

const SENTENCES: Record<string, string> = {
  offline: '连不上服务器，请检查网络后再试。',
  unauthorised: '登录已失效，请重新登录。',
  second_factor: '请输入验证码。',
  confirm_first: '请先再输一次密码。',
  forbidden: '您的角色不能做这件事，请找管理员。',
  not_found: '没有找到，可能已被删除，请返回上一页。',
  conflict: '别人刚刚改过，请先看看新的内容。',
  too_large: '内容太大，请分开再传。',
  rate_limited: '操作太快了，请稍等再试。',
  unavailable: '服务器暂时没准备好，请稍后再试。',
}

export class DeskError extends Error {
  constructor(
    /** A code of the API, or `offline` when no answer came. */
    readonly code: string,
    message: string,
    readonly status = 0,
    readonly retryAfterMs?: number,
    readonly faults: readonly Fault[] = [],
    /** Of a conflict: what somebody else left. */
    readonly newer?: Question,
  ) {
    super(message)
    this.name = 'DeskError'
  }
}

let csrf = ''
let onSignedOut: () => void = () => undefined

/** What each call but GET carries; told by the session. */
export function carry(token: string): void {
  csrf = token
}

/** Called when the server no longer knows who this is. */
export function whenSignedOut(then: () => void): void {
  onSignedOut = then
}

type Query = object

interface Request {
  query?: Query
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  bytes?: { content: Blob | string; type: string }
}

export const get = <T>(path: string, query?: Query) => call<T>('GET', path, query === undefined ? {} : { query })
export const post = <T>(path: string, body?: unknown) => call<T>('POST', path, { body: body ?? {} })
export const put = <T>(path: string, body: unknown) => call<T>('PUT', path, { body })
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, { body })
export const remove = (path: string) => call<undefined>('DELETE', path)
export const send = <T>(path: string, bytes: Request['bytes'] & object, query: Query = {}) => call<T>('POST', path, { bytes, query })

/** A file's address, for a plain link. */
export const address = (path: string, query: Query = {}) => ORIGIN + path + queryOf(query)

export interface File {
  content: Blob
  name: string
  /** Questions that are not in it because they are not whole yet. */
  leftOut: number
}

/** A file as it comes, however long that takes; a refusal is told instead of being saved under its name. */
export async function file(path: string, query: Query = {}): Promise<File> {
  let response: Response
  try {
    response = await fetch(address(path, query), { cache: 'no-store', credentials: 'same-origin' })
    if (response.ok) {
      return { content: await response.blob(), name: nameOf(response.headers.get('Content-Disposition')), leftOut: Number(response.headers.get('X-Kejing-Left-Out') ?? 0) }
    }
  } catch {
    throw new DeskError('offline', SENTENCES['offline']!)
  }
  const refused = refusal(response.status, parse(await response.text().catch(() => '')) as Partial<Problem> | undefined)
  if (refused.code === 'unauthorised') onSignedOut()
  throw refused
}

/** `attachment; filename*=UTF-8''%E9%A2%98.xlsx`. */
export function nameOf(disposition: string | null): string {
  const [, written] = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '') ?? []
  const [, plain] = /filename="([^"]+)"/i.exec(disposition ?? '') ?? []
  try {
    return written === undefined ? (plain ?? '题目') : decodeURIComponent(written)
  } catch {
    return plain ?? '题目'
  }
}

export const part = (id: string | number) => encodeURIComponent(String(id))

async function call<T>(method: string, path: string, { query, body, bytes }: Request = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (method !== 'GET') headers['X-Kejing-Csrf'] = csrf
  const init: RequestInit = { method, headers, cache: 'no-store', credentials: 'same-origin' }
  if (bytes === undefined) init.signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json'
    init.body = JSON.stringify(body)
  }
  if (bytes !== undefined) {
    headers['Content-Type'] = bytes.type
    init.body = bytes.content
  }
  let response: Response
  let text: string
  try {
    response = await fetch(address(path, query), init)
    text = await response.text()
  } catch {
    throw new DeskError('offline', SENTENCES['offline']!)
  }
  const told = parse(text)
  if (response.ok) {
    if (told === undefined && text !== '') throw new DeskError('offline', '网络需要先登录认证，请打开浏览器看看。')
    return told as T
  }
  const refused = refusal(response.status, told as Partial<Problem> | undefined)
  // A wrong password is also 401, but says so of the sign-in itself.
  if (refused.code === 'unauthorised' && !path.startsWith('/session')) onSignedOut()
  throw refused
}

function refusal(status: number, problem: Partial<Problem> | undefined): DeskError {
  const code = problem?.code ?? (status === 404 ? 'not_found' : status === 413 ? 'too_large' : 'unavailable')
  const sentence = problem?.detail || SENTENCES[code] || '没有成功，请稍后再试。'
  return new DeskError(code, sentence, status, problem?.retry_after_ms, problem?.faults, problem?.newer)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function queryOf(query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  if (pairs.length === 0) return ''
  return `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')}`
}

/** What to tell of anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof DeskError ? error.message : '页面出了点问题，请刷新后再试。'
}

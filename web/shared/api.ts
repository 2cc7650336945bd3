// HTTP under `/api/v1`. Every call either gives its answer or throws an `ApiError` that a person can read.
import { BASE } from './base'
import { sentenceFor, sentenceOf } from './problems'
import type {
  AttemptReview,
  AttemptSummary,
  Board,
  CitiesBoard,
  Erratum,
  Me,
  Missed,
  MyReport,
  Notice,
  Organisation,
  Participant,
  Problem,
  Registered,
  Registration,
  Season,
  SignedIn,
  TransferCode,
} from './protocol'

/** Longer than a slow village network needs, shorter than a person's patience. */
const ANSWER_WITHIN_MS = 15_000

export class ApiError extends Error {
  constructor(
    /** A code of the wire, or `offline` when no answer came. */
    readonly code: string,
    message: string,
    readonly status = 0,
    readonly retryAfterMs?: number,
  ) {
    super(message)
    this.name = 'ApiError'
  }

  /** The token is no longer good: sign in again. */
  get signedOut(): boolean {
    return this.status === 401
  }
}

interface Request {
  method?: 'GET' | 'POST' | 'PATCH'
  token?: string | null
  body?: unknown
  query?: Record<string, string | number | undefined>
}

/** Before each call. */
export const ORIGIN = `${BASE}/api/v1`

async function call<T>(path: string, request: Request = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (request.token) headers['Authorization'] = `Bearer ${request.token}`
  const init: RequestInit = { method: request.method ?? 'GET', headers, cache: 'no-store', credentials: 'omit' }
  if (request.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    init.body = JSON.stringify(request.body)
  }
  let response: Response
  let text: string
  try {
    response = await inTime(fetch(ORIGIN + path + queryOf(request.query), init))
    text = await inTime(response.text())
  } catch {
    throw new ApiError('offline', '网络不通，请检查网络后再试。')
  }
  const body = parse(text)
  if (response.ok) {
    // 2xx that is not JSON: a hotel's or a school's sign-in page stands between.
    if (body === undefined && text !== '') throw new ApiError('offline', '网络需要先登录认证，请打开浏览器看看。')
    return body as T
  }
  throw problem(response.status, body)
}

function problem(status: number, body: unknown): ApiError {
  const { code, detail, retry_after_ms } = (body ?? {}) as Partial<Problem>
  if (typeof code !== 'string') return new ApiError('unavailable', sentenceFor('unavailable'), status)
  return new ApiError(code, sentenceOf({ code, message: detail ?? '' }), status, retry_after_ms)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function queryOf(query: Request['query']): string {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '')
  if (pairs.length === 0) return ''
  return '?' + pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')
}

// A race rather than an AbortController, which Chrome 64 lacks.
function inTime<T>(answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_WITHIN_MS)
    const done = () => clearTimeout(timer)
    answer.then(
      (value) => (done(), resolve(value)),
      (error: unknown) => (done(), reject(error instanceof Error ? error : new Error(String(error)))),
    )
  })
}

const segment = encodeURIComponent

/** Scopes keep their `:` and `/`, as the protocol writes them. */
const scopePath = (scope: string) => scope.split('/').map((part) => segment(part).replace(/%3A/gi, ':')).join('/')

export const api = {
  season: () => call<Season>('/season'),
  missed: (week?: string) => call<Missed>('/missed', { query: { week } }),
  notices: () => call<{ notices: Notice[] }>('/notices'),
  organisations: (city: string, q: string) => call<{ organisations: Organisation[] }>('/organisations', { query: { city, q } }),

  /** As it came: it is read by the code that checks it. */
  proof: (round: string) => call<unknown>(`/rounds/${segment(round)}/proof`),

  join: (registration: Registration) => call<Registered>('/participants', { method: 'POST', body: registration }),
  signIn: (by: { code: string } | { recovery: string }) => call<SignedIn>('/sessions', { method: 'POST', body: by }),
  transferCode: (token: string) => call<TransferCode>('/me/code', { method: 'POST', token, body: {} }),

  me: (token: string) => call<Me>('/me', { token }),
  change: (token: string, change: Partial<Omit<Participant, 'id'>>) => call<Me>('/me', { method: 'PATCH', token, body: change }),
  attempts: (token: string, before?: string) => call<{ attempts: AttemptSummary[] }>('/me/attempts', { token, query: { before } }),
  attempt: (token: string, id: string) => call<AttemptReview>(`/me/attempts/${segment(id)}`, { token }),
  report: (token: string, attempt: string, seq: number, reason: string) =>
    call<unknown>('/me/reports', { method: 'POST', token, body: { attempt, seq, reason } }),
  reports: (token: string) => call<{ reports: MyReport[] }>('/me/reports', { token }),
  errata: (round: string) => call<{ errata: Erratum[] }>(`/rounds/${segment(round)}/errata`),

  /** With a token and `around: 'me'`, the board says where I am. */
  board: (scope: string, query: { round?: string; limit?: number; around?: 'me' } = {}, token?: string | null) =>
    call<Board>(`/boards/${scopePath(scope)}`, { query, token: token ?? null }),
  cities: (query: { by?: string; round?: string } = {}) => call<CitiesBoard>('/boards/cities', { query }),
}

// The wire `kejing.v1` as types: every WebSocket message, every HTTP body. Times are integers: `*_ms` are
// milliseconds, `now`, `at`, `opens`, `closes`, `*_at` and `as_of` are Unix milliseconds. Ids are opaque strings.
// A newer server may send more fields, messages and codes than stand here; clients pass over them.

export const SUBPROTOCOL = 'kejing.v1'

export type Kind = 'true_false' | 'single' | 'multiple'
export type Feedback = 'after_each' | 'after_paper' | 'after_round' | 'never'
export type State = 'upcoming' | 'open' | 'paused' | 'settling' | 'closed'

/** A picture that belongs to a question. */
export interface Media {
  url: string
  width: number
  height: number
  alt: string
}

/** `city` and `county` are region codes, `organisation` and `group` are ids. */
export interface Participant {
  id: string
  name: string
  city: string
  county?: string
  organisation?: string
  organisation_name?: string
  group?: string
}

export interface Score {
  score: number
  elapsed_ms: number
}

export interface Ranks {
  region: number
  city: number
  county?: number
}

// ---- HTTP -------------------------------------------------------------------------------------------------------

export interface Season {
  id: string
  name: string
  now: number
  opens: number
  closes: number
  time_zone: string
  state: State
  /** The Monday of the newest week whose most missed questions are told. */
  missed?: string
  sign_in: 'open' | 'phone'
  /** `false` where sign-in is `open`: a public board then says that nobody checked who is who. */
  identity_checked: boolean
  /** Names the privacy notice that a participant agrees to; sent back in `POST /participants`. */
  consent?: string
  hosts: string[]
  organisers: string[]
  about: About
  rules: string[]
  region: { code: string; name: string; short?: string; levels: string[] }
  cities: City[]
  groups: Group[]
  rounds: Round[]
  /** 规则变更记录, newest first; not there where nothing was changed. */
  changes?: { at: number; why?: string; what: string[] }[]
}

export interface About {
  contact?: string
  prizes: string[]
  faq: { question: string; answer: string }[]
  privacy?: string
  filings: string[]
}

export interface City {
  code: string
  name: string
  population?: number
  counties: { code: string; name: string }[]
}

export interface Group {
  id: string
  name: string
}

export interface Round {
  id: string
  name: string
  /** The round in a line: 10 题 · 每题 30 秒 · 取最好成绩. */
  summary?: string
  opens: number
  closes: number
  state: State
  /** How many questions a paper has. */
  of: number
  question_ms?: number
  paper_ms?: number
  attempts: { per_day?: number; per_week?: number; in_all?: number }
  feedback: Feedback
  /** `false`: practice. */
  counts: boolean
  mode: 'linear'
  ends_at_first_wrong: boolean
  pass_text?: string
  /** Only for these groups, where there are any. */
  groups?: string[]
  rules: string[]
  commitment?: string
}

export interface Notice {
  id: string
  at: number
  level: 'info' | 'warning'
  text: string
}

export interface Organisation {
  id: string
  name: string
  city: string
  county?: string
}

export interface Registration {
  /** A UUID of the client's: the same one within a day gets the same participant again. */
  request: string
  name: string
  city: string
  county?: string
  organisation?: string
  group?: string
  consent?: string
}

export interface Registered {
  participant: Participant
  token: string
  /** Shown once, for the person to keep. */
  recovery: string
}

export interface SignedIn {
  participant: Participant
  token: string
}

export interface TransferCode {
  code: string
  expires_ms: number
}

/** What I may still do in a round. A limit that the round does not set is absent. */
export interface MyRound {
  id: string
  left_today?: number
  left_week?: number
  left?: number
  best?: Score
  /** My place in the region in this round. */
  rank?: number
}

export interface Me {
  participant: Participant
  rounds: MyRound[]
  season: { score: number | null; elapsed_ms: number | null; ranks: Ranks | null }
  /** Why nothing more can be started, and whom to turn to. */
  excluded?: { reason: string; contact?: string }
  /** Corrections of late that have changed attempts of mine. */
  corrections?: { at: number; text: string; attempts: string[] }[]
  /** When a report of mine was last answered, within the last month. */
  report_answered_at?: number
}

/** What is published of a correction. */
export interface Erratum {
  at: number
  question: string
  remedy: string
  text: string
}

/** A question that I reported, and what became of it. */
export interface MyReport {
  at: number
  attempt: string
  round: string
  seq: number
  reason: string
  stem?: string
  answer?: { at: number; text: string }
}

export interface AttemptSummary {
  id: string
  round: string
  score: number
  correct: number
  of: number
  elapsed_ms: number
  started_at: number
  /** Null while it is open. */
  finished_at: number | null
  state: 'open' | 'ended' | 'handed_back'
  receipt: string | null
  /** The how-manieth of the participant in its round; with the participant's id it names the paper. */
  number?: number
  /** What was told when it ended, where a correction has changed it since. */
  was?: { score: number; correct: number; elapsed_ms: number }
}

export interface ReviewItem {
  seq: number
  question: string
  kind: Kind
  stem: string
  options: string[]
  media: Media | null
  /** Null: not answered. */
  chosen: number[] | null
  key: number[]
  correct: boolean
  points: number
  explanation: string
  source: string
  /** Where to read on. */
  link?: string
  /** Each answer that is right, where a correction accepts several. */
  accepted?: number[][]
  /** The rest of the paper stands for it, where that is better. */
  annulled?: boolean
  /** What was held right when the result was told, and what the answer earned then. */
  was?: { key: number[]; correct: boolean; points: number }
  errata?: Erratum[]
}

/** A question of a week that is over, with its key: only what everybody may know. */
export interface MissedQuestion {
  question: string
  kind: Kind
  topic: string
  stem: string
  /** In the bank's order. */
  options: string[]
  media: Media | null
  key: number[]
  shown: number
  missed: number
  explanation: string
  source: string
  link?: string
}

export interface MissedWeek {
  /** Its Monday: 2026-08-31. */
  id: string
  from: number
  /** Exclusive. */
  to: number
  questions: MissedQuestion[]
}

export interface Missed {
  weeks: string[]
  week: MissedWeek | null
}

export interface AttemptReview extends AttemptSummary {
  /** Absent until the round's feedback allows it. */
  review?: ReviewItem[]
  /** These three once the secret of the attempt's draw period is out. */
  seed?: string
  paper?: string[]
  orders?: number[][]
}

export interface BoardEntry {
  rank: number
  /** Masked: the first and the last character stay. */
  name: string
  city: string
  score: number
  elapsed_ms: number
  finished_at: number
  me?: boolean
}

export interface Board {
  scope: string
  round?: string
  as_of: number
  revision: number
  total: number
  entries: BoardEntry[]
  me?: {
    rank: number
    score: number
    elapsed_ms: number
    finished_at: number
    /** How far I am behind the place above: points fewer, milliseconds more. */
    behind?: Score
  }
  /** With `around=me`: two above me, me, two below. */
  neighbours?: BoardEntry[]
}

export interface CitiesEntry {
  /** Null, with `value`: too few have taken part. */
  rank: number | null
  code: string
  name: string
  /** In millionths. */
  value: number | null
  participants: number
  attempts: number
  rank_hour_ago?: number
}

export interface CitiesBoard {
  by: string
  round?: string
  as_of: number
  revision: number
  indices: { id: string; name: string; definition: string }[]
  /** From so many participants on a city has a value. */
  participants_min?: number
  entries: CitiesEntry[]
}

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  type: string
  title: string
  status: number
  code: Code | HttpCode
  detail: string
  retry_after_ms?: number
}

export type HttpCode = 'bad_request' | 'unauthorised' | 'not_found' | 'too_large'

// ---- WebSocket, from the client ---------------------------------------------------------------------------------

export type ClientMessage =
  | { type: 'hello'; token?: string }
  | { type: 'start'; round: string }
  | { type: 'answer'; attempt: string; seq: number; choices: number[] }
  | { type: 'next'; attempt: string }
  | { type: 'finish'; attempt: string }
  | { type: 'watch'; board: string; round?: string; by?: string }
  | { type: 'unwatch'; board: string; round?: string; by?: string }
  | { type: 'ping'; n: number }

// ---- WebSocket, from the server ---------------------------------------------------------------------------------

export interface Welcome {
  type: 'welcome'
  participant: Participant | null
  season: string
  now: number
  ping_ms: number
  /** My open attempt; its `question` or `verdict` follows at once. */
  attempt: string | null
  /** An attempt of mine that ended in the last ten minutes. */
  ended: string | null
}

export interface Question {
  type: 'question'
  attempt: string
  /** 1-based. */
  seq: number
  of: number
  kind: Kind
  stem: string
  options: string[]
  media: Media | null
  points: number
  limit_ms: number | null
  remaining_ms: number | null
  paper_remaining_ms: number | null
  /** Pictures of later questions of this paper, to fetch while there is time. */
  prefetch?: string[]
}

export interface Verdict {
  type: 'verdict'
  attempt: string
  seq: number
  received: boolean
  timed_out: boolean
  /** How many questions of the paper are settled. */
  answered: number
  /** The attempt is over; `result` follows. */
  last: boolean
  // From here on only in rounds whose feedback is `after_each`.
  correct?: boolean
  points?: number
  score?: number
  key?: number[]
  explanation?: string
  source?: string
  link?: string
}

export interface Result {
  type: 'result'
  attempt: string
  round: string
  score: number
  correct: number
  of: number
  elapsed_ms: number
  counted: boolean
  best: Score | null
  /** Null where the attempt does not count. */
  ranks: { round: Ranks; season: Ranks } | null
  receipt: string
}

export type BoardMessage = { type: 'board' } & (Board | CitiesBoard)

export interface Clock {
  type: 'clock'
  attempt: string
  paused: boolean
  remaining_ms: number | null
  paper_remaining_ms: number | null
}

export interface Corrected {
  type: 'corrected'
  attempts: string[]
  text: string
}

export interface NoticeMessage {
  type: 'notice'
  level: 'info' | 'warning'
  text: string
}

export interface Pong {
  type: 'pong'
  n: number
  now: number
}

export interface Superseded {
  type: 'superseded'
}

export interface Reconnect {
  type: 'reconnect'
  after_ms: number
}

export interface Refusal {
  type: 'error'
  code: Code
  message: string
  retry_after_ms?: number
  re?: { type: string; seq?: number }
}

export type ServerMessage =
  | Welcome
  | Question
  | Verdict
  | Result
  | BoardMessage
  | Clock
  | Corrected
  | NoticeMessage
  | Pong
  | Superseded
  | Reconnect
  | Refusal

const SERVER_TYPES: Record<ServerMessage['type'], true> = {
  welcome: true,
  question: true,
  verdict: true,
  result: true,
  board: true,
  clock: true,
  corrected: true,
  notice: true,
  pong: true,
  superseded: true,
  reconnect: true,
  error: true,
}

/** A text frame as a message; null for what this client does not know, which it passes over. */
export function parseServerMessage(frame: string): ServerMessage | null {
  let value: unknown
  try {
    value = JSON.parse(frame)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const type = (value as { type?: unknown }).type
  const known = typeof type === 'string' && Object.prototype.hasOwnProperty.call(SERVER_TYPES, type)
  return known ? (value as ServerMessage) : null
}

export type Code =
  | 'bad_message'
  | 'hello_first'
  | 'unknown_token'
  | 'participants_only'
  | 'season_not_open'
  | 'round_not_open'
  | 'round_paused'
  | 'unknown_round'
  | 'attempts_exhausted'
  | 'attempt_in_progress'
  | 'unknown_attempt'
  | 'wrong_seq'
  | 'too_late'
  | 'already_answered'
  | 'bad_choices'
  | 'not_eligible'
  | 'rate_limited'
  | 'busy'
  | 'unavailable'
  | 'excluded'

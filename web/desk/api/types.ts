// What the desk's API sends and takes, as docs/desk.md and /api/desk/v1/openapi.json describe it. Times are Unix milliseconds,
// ids are opaque.
export type * from './statistics-types'

export type Role = 'administrator' | 'editor' | 'reviewer' | 'association' | 'auditor'

export type Grant =
  | { role: 'administrator' }
  /** `bank: null`: all banks. */
  | { role: 'editor' | 'reviewer'; bank: string | null }
  /** `region`, `city:CODE`, `county:CODE` or `organisation:ID`. */
  | { role: 'association'; place: string; place_name?: string }
  | { role: 'auditor' }

export interface Person {
  id: string
  name: string
}

export interface Me extends Person {
  login: string
  roles: Grant[]
  second_factor: boolean
}

export interface Session {
  staff: Me | null
  csrf: string
  /** Nothing else is allowed before. */
  needs: 'second_factor_setup' | null
  /** Nobody is there yet: the one-time link makes the first administrator. */
  setup: boolean
  confirmed_until: number | null
  season: Person
}

export interface StaffMember extends Me {
  state: 'invited' | 'active' | 'disabled'
  last_seen: number | null
}

export interface Invitation {
  link: string
  expires: number
}

export interface SignInPlace {
  id: string
  since: number
  seen: number
  from: string
  agent: string
  current: boolean
}

export interface AuditEntry {
  n: number
  at: number
  who: Person | null
  from: string
  act: string
  subject: string
  before: unknown
  after: unknown
  reason: string | null
  refused: boolean
  hash: string
}

export type State = 'draft' | 'submitted' | 'returned' | 'approved' | 'published' | 'rested'
export type Kind = 'true_false' | 'single' | 'multiple'
export type Difficulty = 1 | 2 | 3

export interface BankMay {
  write: boolean
  review: boolean
  settings: boolean
  publish: boolean
}

export interface ForbiddenWord {
  word: string
  advice: string
}

/** The right way to write something, alone or with ways in which it is written wrongly. */
export type RequiredWord = string | { word: string; instead_of: string[] }

export interface Bank {
  id: string
  name: string
  reviews: 1 | 2 | 3
  counts: Record<State, number>
  published?: { version: number; at: number; by: Person; questions: number; digest?: string }
  /** Whether the running season draws papers from it. */
  in_season: boolean
  may: BankMay
  required: RequiredWord[]
  forbidden: ForbiddenWord[]
}

export interface Media {
  id: string
  width: number
  height: number
  alt: string
}

/** A question that is being written: what is missing may still be missing. */
export interface Draft {
  kind: Kind | null
  topic: string
  difficulty: Difficulty | null
  stem: string
  /** Of true/false they may be left out. */
  options: string[]
  /** Of true/false 0 stands for 正确, 1 for 错误. */
  key: number[]
  fixed_order: boolean
  explanation: string
  source: string
  contributor?: string
  link?: string
  media?: Media
}

export interface Fault {
  /** `stem`, `options`, `option:N` (from 0), … */
  part: string
  code: string
  message: string
}

export interface Wording {
  part: string
  word: string
  advice: string
}

export interface QuestionRow {
  id: string
  bank: string
  state: State
  kind: Kind | null
  topic: string
  difficulty: Difficulty | null
  stem: string
  author: Person
  contributor?: string
  revision: number
  updated_at: number
  stage?: string
  returned_reason?: string
  drawn?: number
  faults: number
}

export interface QuestionMay {
  edit: boolean
  submit: boolean
  approve: boolean
  return: boolean
  rest: boolean
  wake: boolean
  delete: boolean
}

export interface Question {
  id: string
  bank: string
  state: State
  revision: number
  draft: Draft
  author: Person
  contributor?: string
  stage: { done: number; of: number }
  approvals: { by: Person; at: number }[]
  /** Why it was returned, rested or woken, oldest first. */
  reasons: { by: Person; at: number; act: string; text: string }[]
  /** The last version that holds it; `older`: with another text than this one. */
  published?: { version: number; older: boolean }
  drawn?: number
  updated_at: number
  faults: Fault[]
  wording: Wording[]
  may: QuestionMay
}

export interface Facets {
  state: Record<string, number>
  topic: Record<string, number>
  difficulty: Record<string, number>
  kind: Record<string, number>
}

export interface QuestionPage {
  items: QuestionRow[]
  total: number
  facets: Facets
}

export interface QuestionFilter {
  q?: string
  topic?: string
  difficulty?: number
  kind?: Kind
  state?: State
  author?: string
  contributor?: string
}

export interface Revision {
  revision: number
  at: number
  by: Person
  what: string
}

/** As people read it; pages make some of their own from values. */
export interface PartChange {
  part: string
  before: unknown
  after: unknown
}

export interface Similar {
  id: string
  stem: string
  /** In thousandths. */
  similarity: number
  same: boolean
}

export type BulkAct = 'submit' | 'approve' | 'return' | 'topic' | 'difficulty' | 'delete'

export interface BulkRequest {
  act: BulkAct
  ids?: string[]
  filter?: QuestionFilter
  reason?: string
  topic?: string
  difficulty?: Difficulty
}

export interface BulkResult {
  done: number
  refused: { id: string; code: string; message: string }[]
}

export interface PublishPreview {
  version: number
  questions: number
  added: number
  changed: number
  removed: number
  in_season: boolean
  faults: (Fault & { id: string; stem: string })[]
  /** Besides those that are told. */
  more_faults: number
}

export interface Published {
  version: number
  questions: number
  added: number
  changed: number
  removed: number
  in_season: boolean
}

export interface Version {
  version: number
  at: number
  by: Person
  reason: string
  questions: number
  added: number
  changed: number
  removed: number
}

export interface VersionChange {
  id: string
  what: 'added' | 'changed' | 'removed'
  stem: string
  parts: PartChange[]
}

export type ExportFormat = 'xlsx' | 'csv' | 'json' | 'gift' | 'moodle_xml' | 'qti' | 'toml'

export interface ImportColumn {
  n: number
  title: string
  samples: string[]
  part: string | null
}

export interface ImportDefaults {
  topic?: string
  difficulty?: Difficulty
  source?: string
  explanation?: string
  contributor?: string
}

export interface FileRemark {
  gravity: string
  row: number
  column: number
  code: string
  message: string
}

export interface Import {
  id: string
  bank: string
  name: string
  at: number
  by: Person
  state: 'reading' | 'preview' | 'saving' | 'saved' | 'failed'
  /** In thousandths of the work. */
  progress: { done: number; of: number }
  /** Empty before it has been recognised. */
  format: string
  formats: string[]
  sheets: string[]
  sheet?: string
  /** None where it is no table. */
  columns: ImportColumn[]
  mapping_needed: boolean
  defaults: ImportDefaults
  counts: { ready: number; to_check: number; refused: number; saved: number; skipped: number; same: number }
  remarks: FileRemark[]
  error?: string
}

export type Standing = 'ready' | 'to_check' | 'refused' | 'saved' | 'skipped'
export type RowsFilter = Standing | 'same'

export interface RowRemark {
  gravity: 'note' | 'to_check' | 'refused'
  row: number
  column: number
  part: string
  code: string
  message: string
}

export interface Twin {
  /** A question of the bank. */
  id?: string
  /** A row of the same file. */
  n?: number
  stem: string
  similarity: number
  same: boolean
}

export interface ImportRow {
  n: number
  row: number
  column: number
  standing: Standing
  draft: Draft
  remarks: RowRemark[]
  raw: string
  similar: Twin[]
  /** The question that it was saved as. */
  question?: string
}

export interface RowPage {
  items: ImportRow[]
  total: number
}

export interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  retry_after_ms?: number
  faults?: Fault[]
  /** Of a conflict: the question as somebody else left it. */
  newer?: Question
}

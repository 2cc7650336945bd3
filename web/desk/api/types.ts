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
  as_of: number
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
  seen_at?: number
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

/** A season file's keys and values (docs/seasons.md); what is not filled in is not there. Numbers that are no numbers yet are texts. */
export interface SeasonFile {
  name?: string
  time_zone?: string
  opens?: string
  closes?: string
  last_day?: string
  always_open?: boolean
  sign_in?: string
  consent?: string
  region?: string
  organisations?: string
  hosts?: string[]
  organisers?: string[]
  not_played?: string[]
  tally?: string
  groups?: SeasonGroup[]
  about?: SeasonAbout
  cities?: SeasonCities
  round?: RoundFile[]
}

export interface SeasonGroup {
  id?: string
  name?: string
}

export interface SeasonAbout {
  contact?: string
  prizes?: string[]
  privacy?: string
  filings?: string[]
  faq?: { question?: string; answer?: string }[]
}

export interface SeasonCities {
  attempts_cap?: Typed
  mean_weight?: Typed
  participants_min?: Typed
  composite?: Record<string, Typed>
}

/** A number, or what somebody typed where one should be. */
export type Typed = number | string

export interface RoundFile {
  id?: string
  name?: string
  bank?: string
  opens?: string
  closes?: string
  last_day?: string
  always_open?: boolean
  repeat?: string
  question_seconds?: Typed
  paper_seconds?: Typed
  grace_ms?: Typed
  elapsed_floor_ms?: Typed
  reading_seconds?: Typed
  attempts_per_day?: Typed
  attempts_per_week?: Typed
  attempts_in_all?: Typed
  hand_back?: boolean
  tally?: string
  feedback?: string
  counts?: boolean
  ends_at_first_wrong?: boolean
  multiple?: string
  draw_period?: string
  groups?: string[]
  threshold?: { right?: Typed; points?: Typed }
  gate?: { round?: string; right?: Typed }
  section?: SectionFile[]
}

export interface SectionFile {
  kind?: string[]
  count?: Typed
  points?: Typed
  topics?: string[]
  difficulties?: number[]
}

export interface FieldFault {
  path: string
  message: string
}

export type RoundState = 'upcoming' | 'open' | 'settling' | 'closed'

export interface RoundLine {
  id: string
  name: string
  summary: string
  opens: number
  closes: number | null
  state: RoundState
  counts: boolean
  bank: string
  commitment: string | null
  period_from: number | null
  period_to: number | null
}

export interface SeasonVersion {
  n: number
  at: number
  by: string | null
  reason: string | null
  differences: string[]
}

export interface SeasonNow {
  now: number
  id: string
  name: string
  state: RoundState
  opens: number
  closes: number | null
  time_zone: string
  version: SeasonVersion
  /** Nobody has set up a season yet. */
  starter: boolean
  changing: boolean
  needs_two: boolean
  rounds: RoundLine[]
  draft: { revision: number; at: number; by: string; asked: { by: string; mine: boolean; at: number; reason: string } | null } | null
  may: { manage: boolean }
}

export interface SeasonDraft {
  revision: number
  at: number | null
  by: string | null
  regions: { file: string; name: string; cities: number; counties: number }[]
  banks: { id: string; name: string; questions: number }[]
  presets: Preset[]
}

export interface Preset {
  id: string
  name: string
  not_played: string[]
  rounds: { name: string; summary: string }[]
}

export interface RoundSentences {
  id: string
  name: string
  opens: number
  closes: number | null
  counts: boolean
  sentences: string[]
}

/** Papers that were drawn for a trial. Means are in thousandths. */
export interface DryDraw {
  papers: number
  eligible: number
  never: number
  most: Drawn[]
  least: Drawn[]
  topics: Share[]
  kinds: Share[]
  difficulties: Share[]
  difficulty: Share
  full_marks: number
  guessed: Share
  shortfalls: { section: number; needed: number; sure: number }[]
}

export interface Drawn {
  id: string
  stem: string
  topic: string
  difficulty: number
  kind: string
  times: number
}

export interface Share {
  name: string
  least: number
  most: number
  mean: number
}

export interface SeasonCheck {
  faults: FieldFault[]
  warnings: FieldFault[]
  sentences: string[]
  rounds: RoundSentences[]
  organisations: number
  differences: string[]
  touches: string[]
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

export type Life = 'upcoming' | 'open' | 'paused' | 'settling' | 'closed'

export interface RunningRound {
  id: string
  name: string
  state: Life
  opens: number
  closes: number
  always_open: boolean
  paused_since: number | null
  /** There is a limit to which time can be given. */
  limited: boolean
  open_attempts: number
  starts_today: number
}

export interface Running {
  now: number
  season: Person & { state: Life; closes: number }
  sockets: number
  seats: number
  live_attempts: number
  answers_per_second: number
  /** By the second, oldest first; ten minutes at most. */
  answers: number[]
  starts_today: number
  participants: number
  queue: { used: number; of: number }
  commit_ms: number | null
  refused: Record<string, number>
  errors: number
  rounds: RunningRound[]
  todo: { what: string; count: number; link: string }[]
}

/** A season that is played before it counts. */
export interface Rehearsal {
  path: string
  url: string | null
  qr: string | null
  by: string
  began: number
  ends: number
  from: number
  /** What its clock shows. */
  shows: number
  season: string
  time_zone: string
  sockets: number
  participants: number
  rounds: RunningRound[]
}

export interface RehearsalNow {
  now: number
  rehearsal: Rehearsal | null
}

export type ActKind = 'pause' | 'resume' | 'extend' | 'give_time' | 'give_back' | 'exclude' | 'reinstate' | 'rename' | 'hide' | 'show' | 'undo'

export interface UndoneAct {
  at: number
  by: string
  reason: string
}

export interface Act {
  id: string
  at: number
  by: string
  kind: ActKind
  subject: string
  sentence: string
  reason: string
  undone?: UndoneAct
  undoable: boolean
  why_not?: string
}

export interface DeskNotice {
  id: string
  at: number
  level: 'info' | 'warning'
  text: string
  by: string
  taken_back?: UndoneAct
}

export interface PlaceNames {
  city: string
  county: string | null
  organisation: string | null
  group: string | null
}

export interface ParticipantRow extends PlaceNames {
  id: string
  name: string
  started: number
  excluded: boolean
  hidden: boolean
}

export interface ParticipantPage extends ParticipantRow {
  joined_at: number | null
  phones: number
  rounds: {
    id: string
    name: string
    started: number
    left_today: number | null
    left_week: number | null
    left: number | null
    granted: number
    score: number | null
    rank: number | null
  }[]
  places: (PlaceNames & { at: number; name: string })[]
  attempts: ParticipantAttempt[]
  next?: string
  acts: Act[]
}

export interface ParticipantAttempt {
  id: string
  round: string
  round_name: string
  started_at: number
  finished_at: number | null
  state: 'open' | 'ended' | 'handed_back'
  score: number | null
  correct: number | null
  of: number
  elapsed_ms: number | null
  receipt: string | null
}

/** Which attempts were lost: of one person, or of everybody of a place who started between two moments. */
export interface LostAttempts {
  round: string
  participant?: string
  place?: string
  started_from?: number
  started_to?: number
}

/** What is decided of a question; options by the bank's order, from 0. */
export type Remedy =
  | { kind: 'new_key'; key: number[] }
  | { kind: 'accept'; accepted: number[][] }
  | { kind: 'all_points' | 'annul' | 'as_published' }

export interface PlayedVersion {
  version: number
  kind: Kind
  stem: string
  options: string[]
  key: number[]
  explanation: string
  source: string
  rounds: string[]
}

/** A question as papers have shown it. */
export interface PlayedQuestion {
  bank: string
  question: string
  /** More than one where text or key differ. */
  versions: PlayedVersion[]
  drawn: number
  rests: boolean
  in_bank: boolean
}

export interface Reported {
  bank: string
  question: string
  stem: string
  count: number
  open: number
  first: number
  last: number
  drawn: number
  rests: boolean
  newest: string | null
}

export interface ReportedPage {
  items: Reported[]
  total: number
}

export interface ReportedQuestion {
  question: PlayedQuestion
  at_desk: boolean
  count: number
  open: number
  reports: { n: number; at: number; seq: number; attempt: string; words: string; answered: boolean }[]
  answers: { at: number; by: Person; words: string }[]
  corrections: CorrectionRow[]
  may: { answer: boolean; rest: boolean; propose: boolean }
}

export type CorrectionState = 'proposed' | 'applying' | 'applied' | 'withdrawn'

export interface CorrectionRow {
  id: string
  at: number
  by: Person
  bank: string
  question: string
  stem: string
  remedy: Remedy
  state: CorrectionState
  previewed: boolean
  decided_by: Person | null
  decided_at: number | null
}

export interface Mover {
  name: string
  city: string
  rank_before: number
  rank_after: number
  score_before: number
  score_after: number
}

export interface CorrectionPreview {
  number: number
  at: number
  read: number
  attempts: number
  raised: number
  lowered: number
  participants: number
  live: number
  boards: { round: string | null; name: string; tallies: number; ranks: number; movers: Mover[] }[]
  cities: {
    round: string | null
    city: string
    index: string
    /** In millionths. */
    value_before: number | null
    value_after: number | null
    rank_before: number | null
    rank_after: number | null
  }[]
  more_cities: number
  eligibility: { round: string; participants: number }[]
  given_back: number
  moved_on: string | null
}

export interface Correction extends CorrectionRow {
  reason: string
  text: string
  complaint: string | null
  played: PlayedQuestion | null
  progress: { done: number; of: number } | null
  preview: CorrectionPreview | null
  trouble: string | null
  applied: { entry: number; at: number; attempts: number; participants: number; standings_replaced: boolean } | null
  withdrawn: string | null
  undo: Remedy | null
  may: { decide: boolean; withdraw: boolean; preview: boolean; propose: boolean }
}

export type FoundItem =
  | { kind: 'participant'; id: string; name: string; line: string }
  | { kind: 'attempt'; id: string; name: string; line: string; started_at: number }

export interface AttemptEvent {
  at: number
  kind: string
  seq: number | null
  sentence: string
  rule: string | null
}

export interface AttemptQuestion {
  seq: number
  bank: string
  question: string
  kind: Kind
  stem: string
  options: string[]
  chosen: number[] | null
  key: number[] | null
  accepted: number[][]
  annulled: boolean
  correct: boolean | null
  points: number | null
  worth: number
  points_then: number | null
  elapsed_ms: number | null
  limit_ms: number | null
  asked_at: number
  settled_at: number | null
  state: string
}

interface RanksNow {
  region: number
  city: number
  county: number | null
}

export interface AttemptStory {
  id: string
  now: number
  time_zone: string
  participant: { id: string; name: string; line: string; city: string; county: string | null }
  round: { id: string; name: string; rules: string[] }
  period: { number: number; commitment: string; secret_out: boolean }
  number: number
  state: string
  receipt: string | null
  score: number
  correct: number
  of: number
  full: number
  elapsed_ms: number
  was: { score: number; correct: number; elapsed_ms: number } | null
  started_at: number
  finished_at: number | null
  counted: boolean
  ranks: { round: RanksNow | null; season: RanksNow | null }
  keys: boolean
  worked_out: boolean
  gap: boolean
  events: AttemptEvent[]
  questions: AttemptQuestion[]
  complaints: { id: string; at: number; state: string; words: string; place: string }[]
}

export interface ComplaintHolder {
  to: string
  name: string
}

export interface ComplaintRow {
  id: string
  at: number
  changed_at: number
  by: Person
  state: string
  place: string
  words: string
  from: string
  held_by: ComplaintHolder | null
  mine: boolean
}

export interface Complaint extends ComplaintRow {
  attempt: string | null
  participant: string | null
  participant_name: string | null
  participant_line: string | null
  steps: { at: number; by: Person; act: string; words: string; towards: string | null }[]
  refer_to: ComplaintHolder[]
  handles: boolean
}

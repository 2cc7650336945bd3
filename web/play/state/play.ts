// The play page's state: one pure reducer over what the server says, what the link does and what the person does.
// No clock, no socket, no storage, no framework: moments come in as `at`, what to send goes out by `owed`.
import { sentenceOf } from '../../shared/problems'
import type { LinkState } from '../../shared/socket'
import type {
  ClientMessage,
  Clock,
  Participant,
  Question,
  Refusal,
  Result,
  ServerMessage,
  Verdict,
  Welcome,
} from '../../shared/protocol'

/** A start that was asked for longer ago than this is forgotten: nobody should be thrown into a running clock. */
const START_STANDS_MS = 20_000

export interface Paper {
  attempt: string
  /** Null: taken up in front of a verdict, on a phone that never saw its question. */
  question: Question | null
  /** What is ticked. */
  chosen: number[]
  /** What was handed in and is not settled yet; sent again after each resume. `[]` passes. */
  handedIn: number[] | null
  /** Shown in place, where the round tells after each question. */
  verdict: Verdict | null
  /** 「下一题」 was asked for. */
  goingOn: boolean
  /** 「交卷」 was asked for and confirmed. */
  finishing: boolean
  /** Questions that the server has settled. */
  saved: number
  questionEndsAt: number | null
  paperEndsAt: number | null
  /** Set while the clocks stand still: what they showed. */
  stopped: { questionMs: number | null; paperMs: number | null } | null
  /** The question before this one ran out of time unanswered. */
  missed: number | null
  /** The attempt is over; it waits while the last verdict is read. */
  result: Result | null
}

export interface Announcement {
  level: 'info' | 'warning'
  text: string
}

export interface Told {
  code: string
  text: string
  /** Which message it answers: `start`, `answer`, … */
  re: string | null
  /** The server asked for patience: what is owed is sent again then. */
  retryAt: number | null
}

export interface Play {
  link: LinkState
  /** Between `welcome` and the question or verdict that it announced. */
  resuming: boolean
  latencyMs: number | null
  /** The server's time less this phone's. */
  offsetMs: number
  participant: Participant | null
  starting: { round: string; at: number } | null
  paper: Paper | null
  result: Result | null
  /** An attempt that ended while nobody looked; its result is to be fetched. */
  endedAway: string | null
  /** Attempts whose result was shown. */
  seen: string[]
  announcement: Announcement | null
  told: Told | null
  /** The token is not known (any more). */
  signedOut: boolean
}

export type PlayEvent =
  | { is: 'message'; message: ServerMessage; at: number }
  | { is: 'link'; link: LinkState }
  | { is: 'latency'; ms: number }
  | { is: 'start'; round: string; at: number }
  | { is: 'cancelled_start' }
  | { is: 'choose'; choice: number }
  | { is: 'hand_in' }
  | { is: 'pass' }
  | { is: 'next' }
  | { is: 'finish' }
  | { is: 'remembered'; question: Question; chosen: number[] }
  | { is: 'result_seen'; attempt: string }
  | { is: 'dismissed' }
  | { is: 'left' }

export function begin(seen: string[] = []): Play {
  return {
    link: { is: 'idle' },
    resuming: false,
    latencyMs: null,
    offsetMs: 0,
    participant: null,
    starting: null,
    paper: null,
    result: null,
    endedAway: null,
    seen,
    announcement: null,
    told: null,
    signedOut: false,
  }
}

export function reduce(play: Play, event: PlayEvent): Play {
  switch (event.is) {
    case 'message':
      return hear(play, event.message, event.at)
    case 'link':
      return { ...play, link: event.link, resuming: false, latencyMs: event.link.is === 'online' ? play.latencyMs : null }
    case 'latency':
      return { ...play, latencyMs: event.ms }
    case 'start':
      return { ...play, starting: { round: event.round, at: event.at }, told: null }
    case 'cancelled_start':
      return { ...play, starting: null, told: null }
    case 'choose':
      return withPaper(play, (paper) => choose(paper, event.choice))
    case 'hand_in':
      return withPaper(play, (paper) => (paper.chosen.length > 0 ? handIn(paper, paper.chosen) : paper))
    case 'pass':
      return withPaper(play, (paper) => handIn(paper, []))
    case 'next':
      return withPaper(play, (paper) => (paper.verdict !== null && !paper.verdict.last ? { ...paper, goingOn: true } : paper))
    case 'finish':
      return withPaper(play, (paper) => ({ ...paper, finishing: true }))
    case 'remembered':
      return withPaper(play, (paper) => recall(paper, event.question, event.chosen))
    case 'result_seen':
      return sawResult(play, event.attempt)
    case 'dismissed':
      return { ...play, told: null, announcement: null }
    case 'left':
      return { ...begin(play.seen), link: play.link }
    default: {
      event satisfies never
      return play
    }
  }
}

function hear(play: Play, message: ServerMessage, at: number): Play {
  switch (message.type) {
    case 'welcome':
      return welcome(play, message, at)
    case 'question':
      return { ...play, resuming: false, starting: null, told: null, result: null, paper: ask(play.paper, message, at) }
    case 'verdict':
      return { ...play, resuming: false, told: null, paper: judge(play.paper, message) }
    case 'result':
      return finished(play, message)
    case 'clock':
      return withPaper(play, (paper) => (paper.attempt === message.attempt ? setClock(paper, message, at) : paper))
    case 'corrected':
      return { ...play, announcement: { level: 'info', text: `题目${message.text.replace(/。$/, '')}。你有 ${message.attempts.length} 份答卷重新计了分，到「我的」里看。` } }
    case 'notice':
      return { ...play, announcement: { level: message.level, text: message.text } }
    case 'pong':
      return { ...play, offsetMs: message.now - at }
    case 'error':
      return refused(play, message, at)
    case 'board':
    case 'superseded': // the link says it
    case 'reconnect':
      return play
    default: {
      message satisfies never
      return play
    }
  }
}

/** What the server should be told now, and after each resume until it has settled it. */
export function owed(play: Play): ClientMessage | null {
  const { paper, starting } = play
  if (play.resuming) return null
  if (paper === null) return starting === null ? null : { type: 'start', round: starting.round }
  const { attempt } = paper
  if (paper.result !== null) return null
  if (paper.finishing) return { type: 'finish', attempt }
  if (paper.verdict !== null) return paper.goingOn ? { type: 'next', attempt } : null
  if (paper.question === null || paper.handedIn === null) return null
  return { type: 'answer', attempt, seq: paper.question.seq, choices: paper.handedIn }
}

function welcome(play: Play, message: Welcome, at: number): Play {
  const known = { ...play, participant: message.participant, offsetMs: message.now - at, signedOut: false, told: null }
  if (message.attempt !== null) return { ...known, resuming: true, starting: null, endedAway: null }
  // No open attempt. One that was open here ended meanwhile, and so did the one the server names; tell each once.
  const mine = play.paper !== null && play.paper.result === null ? play.paper.attempt : null
  const ended = mine ?? message.ended
  const unseen = ended !== null && !play.seen.includes(ended) && play.result?.attempt !== ended && play.paper?.result?.attempt !== ended
  const stale = play.starting !== null && at - play.starting.at > START_STANDS_MS
  return {
    ...known,
    resuming: false,
    paper: mine === null ? play.paper : null,
    endedAway: unseen ? ended : null,
    starting: stale ? null : play.starting,
    told: stale ? { code: 'stale_start', text: '刚才连接断了，还没有开始答题，请再点一次。', re: 'start', retryAt: null } : null,
  }
}

function ask(paper: Paper | null, question: Question, at: number): Paper {
  const clocks = {
    questionEndsAt: question.remaining_ms === null ? null : at + question.remaining_ms,
    paperEndsAt: question.paper_remaining_ms === null ? null : at + question.paper_remaining_ms,
    stopped: null,
  }
  const same = paper !== null && paper.attempt === question.attempt
  if (same && paper.question?.seq === question.seq && paper.verdict === null) {
    return { ...paper, ...clocks, question, saved: question.seq - 1 } // taken up where it was
  }
  const timedOut = same && paper.verdict?.timed_out === true && paper.verdict.key === undefined
  return {
    attempt: question.attempt,
    question,
    chosen: [],
    handedIn: null,
    verdict: null,
    goingOn: false,
    finishing: same && paper.finishing,
    saved: question.seq - 1,
    ...clocks,
    missed: timedOut ? question.seq - 1 : null,
    result: null,
  }
}

function judge(paper: Paper | null, verdict: Verdict): Paper | null {
  const same = paper !== null && paper.attempt === verdict.attempt
  const seq = same ? (paper.question?.seq ?? paper.verdict?.seq ?? null) : null
  // The answer to a resent `answer` of a question that we have left behind.
  if (same && seq !== null && seq > verdict.seq) return paper
  const here = same && seq === verdict.seq
  return {
    attempt: verdict.attempt,
    question: here ? paper.question : null,
    chosen: here ? (paper.handedIn ?? paper.chosen) : [],
    handedIn: null,
    verdict,
    goingOn: here && paper.verdict !== null && paper.goingOn,
    finishing: same && paper.finishing,
    saved: verdict.answered,
    questionEndsAt: null,
    paperEndsAt: null,
    stopped: null,
    missed: null,
    result: here ? paper.result : null,
  }
}

function finished(play: Play, result: Result): Play {
  const paper = play.paper?.attempt === result.attempt ? play.paper : null
  // A last verdict with its explanation is read in peace; the result waits behind a button.
  const reading = paper !== null && !paper.finishing && paper.verdict?.key !== undefined
  return {
    ...play,
    resuming: false,
    starting: null,
    told: null,
    result,
    endedAway: null,
    paper: reading ? { ...paper, result } : null,
  }
}

function sawResult(play: Play, attempt: string): Play {
  return {
    ...play,
    seen: play.seen.includes(attempt) ? play.seen : [...play.seen, attempt].slice(-20),
    endedAway: play.endedAway === attempt ? null : play.endedAway,
    paper: play.paper?.attempt === attempt && play.paper.result !== null ? null : play.paper,
  }
}

function choose(paper: Paper, choice: number): Paper {
  const { question } = paper
  if (question === null || paper.verdict !== null || paper.handedIn !== null) return paper
  if (choice < 0 || choice >= question.options.length) return paper
  if (question.kind !== 'multiple') return { ...paper, chosen: [choice] }
  const chosen = paper.chosen.includes(choice) ? paper.chosen.filter((one) => one !== choice) : [...paper.chosen, choice]
  return { ...paper, chosen: chosen.sort((a, b) => a - b) }
}

function handIn(paper: Paper, choices: number[]): Paper {
  if (paper.question === null || paper.verdict !== null || paper.handedIn !== null) return paper
  return { ...paper, chosen: choices, handedIn: choices }
}

/** After a reload: the question whose verdict waits, and what was ticked. */
function recall(paper: Paper, question: Question, chosen: number[]): Paper {
  if (paper.attempt !== question.attempt) return paper
  if (paper.question === null && paper.verdict?.seq === question.seq) return { ...paper, question, chosen }
  const waiting = paper.question?.seq === question.seq && paper.verdict === null && paper.handedIn === null
  return waiting && paper.chosen.length === 0 ? { ...paper, chosen } : paper
}

/** From the moment at which the clocks run on, what was refused meanwhile is asked for again. */
export const runsOn = (message: ServerMessage): boolean => message.type === 'clock' && !message.paused

function setClock(paper: Paper, clock: Clock, at: number): Paper {
  const { remaining_ms: questionMs, paper_remaining_ms: paperMs } = clock
  return {
    ...paper,
    questionEndsAt: questionMs === null ? null : at + questionMs,
    paperEndsAt: paperMs === null ? null : at + paperMs,
    stopped: clock.paused ? { questionMs, paperMs } : null,
  }
}

/** What was asked for may be asked for again by itself: nothing was used up. */
const PASSING: readonly string[] = ['rate_limited', 'busy', 'unavailable']
const USUAL_PATIENCE_MS = 1_500

function refused(play: Play, refusal: Refusal, at: number): Play {
  const re = refusal.re?.type ?? null
  const passing = PASSING.includes(refusal.code)
  const told: Told = {
    code: refusal.code,
    text: sentenceOf(refusal),
    re,
    retryAt: passing ? at + (refusal.retry_after_ms ?? USUAL_PATIENCE_MS) : null,
  }
  if (refusal.code === 'unknown_token') return { ...begin(play.seen), link: play.link, signedOut: true, told }
  if (passing) return { ...play, told }
  // Everything stands still: what was handed in is owed until the clocks run on.
  if (refusal.code === 'round_paused' && (re === 'answer' || re === 'next' || re === 'finish')) return play
  if (re === 'start') return { ...play, told, starting: null }
  if (refusal.code === 'unknown_attempt') return { ...play, told, paper: null }
  if (re === 'finish') return { ...withPaper(play, (paper) => ({ ...paper, finishing: false })), told }
  // A verdict tells what counts, and is on its way or was told; the question is given back until then.
  if (re === 'answer') return { ...withPaper(play, (paper) => ({ ...paper, handedIn: null })), told }
  return { ...play, told }
}

/** This page and the server disagree about where the paper is: say hello again and be told. */
export function mustResume(refusal: Refusal): boolean {
  return refusal.code === 'wrong_seq' || refusal.code === 'already_answered' || refusal.code === 'attempt_in_progress'
}

function withPaper(play: Play, change: (paper: Paper) => Paper): Play {
  if (play.paper === null) return play
  const paper = change(play.paper)
  return paper === play.paper ? play : { ...play, paper }
}

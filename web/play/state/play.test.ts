import { describe, expect, it } from 'vitest'
import { sample, samplesOf } from '../../shared/samples'
import type { Question, Refusal, ServerMessage, Verdict } from '../../shared/protocol'
import { begin, mustResume, owed, reduce, type Play, type PlayEvent } from './play'

const T = 1_000_000
const say = (name: string, change: object = {}, at = T): PlayEvent => ({ is: 'message', message: { ...sample<ServerMessage>(name), ...change } as ServerMessage, at })
const after = (...events: PlayEvent[]): Play => events.reduce(reduce, begin())
const online: PlayEvent = { is: 'link', link: { is: 'online' } }
const dropped: PlayEvent = { is: 'link', link: { is: 'waiting', retryAt: T, attempt: 1 } }
const choose = (choice: number): PlayEvent => ({ is: 'choose', choice })
const handIn: PlayEvent = { is: 'hand_in' }
const next: PlayEvent = { is: 'next' }
const welcome = say('server-welcome')
const resume = say('server-welcome-resume')
const question = say('server-question-multiple')
const single = (seq: number) => say('server-question-single', { seq })

describe('the paper', () => {
  it.each(samplesOf('server-'))('%s is taken in without a fault', (name) => {
    expect(() => after(welcome, question, say(name))).not.toThrow()
  })

  it('does not change what it was given', () => {
    const before = after(welcome, question, choose(1))
    const copy = structuredClone(before)
    reduce(before, choose(2))
    expect(before).toEqual(copy)
  })

  it('ends when the server says, counted from the arrival', () => {
    const { paper } = after(welcome, say('server-question-resumed'))
    expect(paper).toMatchObject({ questionEndsAt: T + 12_480, paperEndsAt: T + 451_200, saved: 3 })
  })

  it('has no clock where the round sets none', () => {
    expect(after(welcome, say('server-question-no_limits')).paper).toMatchObject({ questionEndsAt: null, paperEndsAt: null })
  })

  it('one option of a single choice, any of a multiple, in order', () => {
    expect(after(welcome, single(1), choose(1), choose(3)).paper?.chosen).toEqual([3])
    expect(after(welcome, question, choose(2), choose(0), choose(3), choose(3)).paper?.chosen).toEqual([0, 2])
    expect(after(welcome, question, choose(9)).paper?.chosen).toEqual([])
  })

  it('owes the answer that was handed in, and takes no other', () => {
    const play = after(welcome, question, choose(0), choose(2), handIn, choose(1))
    expect(owed(play)).toEqual(sample('client-answer'))
  })

  it('nothing ticked is not handed in; passing is asked for by name', () => {
    expect(owed(after(welcome, question, handIn))).toBeNull()
    expect(owed(after(welcome, question, { is: 'pass' }))).toEqual(sample('client-answer-pass'))
  })

  it('a verdict with its key stays in place until the person goes on', () => {
    const play = after(welcome, question, choose(0), handIn, say('server-verdict-wrong'))
    expect(play.paper).toMatchObject({ chosen: [0], handedIn: null, saved: 4 })
    expect(play.paper?.question?.stem).toBe(sample<Question>('server-question-multiple').stem)
    expect(owed(play)).toBeNull()
    expect(owed(reduce(play, next))).toEqual(sample('client-next'))
  })

  it('a bare verdict is followed by the next question; one that timed out is told', () => {
    expect(after(welcome, single(4), choose(1), handIn, say('server-verdict-bare'), single(5)).paper).toMatchObject({ saved: 4, missed: null, chosen: [] })
    expect(after(welcome, single(4), say('server-verdict-bare-timed_out'), single(5)).paper?.missed).toBe(4)
  })

  it('the last explanation is read in peace; the result waits', () => {
    const play = after(welcome, say('server-question-multiple', { seq: 10 }), choose(0), handIn, say('server-verdict-last'), say('server-result'))
    expect(play.paper?.result?.score).toBe(90)
    const left = reduce(play, { is: 'result_seen', attempt: 'a7Xw93Lm' })
    expect(left.paper).toBeNull()
    expect(left.seen).toEqual(['a7Xw93Lm'])
  })

  it('a result without an explanation to read comes at once', () => {
    const play = after(welcome, say('server-question-single', { seq: 10 }), choose(0), handIn, say('server-verdict-bare-last'), say('server-result'))
    expect(play.paper).toBeNull()
    expect(play.result?.score).toBe(90)
  })

  it('what was refused while everything stood still is owed until it runs on', () => {
    const refused = say('server-error', { code: 'round_paused', re: { type: 'answer', seq: 3 } })
    const play = after(welcome, question, choose(0), choose(2), handIn, say('server-clock'), refused)
    expect(play.told).toBeNull()
    expect(owed(play)).toEqual(sample('client-answer'))
  })

  it('clocks that stand still show what they showed', () => {
    expect(after(welcome, question, say('server-clock')).paper?.stopped).toEqual({ questionMs: 12_480, paperMs: 451_200 })
    expect(after(welcome, question, say('server-clock'), say('server-clock', { paused: false })).paper).toMatchObject({ stopped: null, questionEndsAt: T + 12_480 })
  })
})

describe('a dropped connection', () => {
  it('an answer without a verdict is owed again after the resume, not before', () => {
    const away = after(online, welcome, question, choose(0), choose(2), handIn, dropped, online, resume)
    expect(owed(away)).toBeNull()
    expect(owed(reduce(away, say('server-question-resumed')))).toEqual(sample('client-answer'))
  })

  it('an answer that arrived all the same is settled by its verdict', () => {
    const play = after(welcome, question, choose(0), handIn, dropped, online, resume, say('server-verdict-after_each'))
    expect(play.paper).toMatchObject({ handedIn: null, chosen: [0] })
    expect(owed(play)).toBeNull()
  })

  it('what was ticked but not handed in is still ticked', () => {
    const play = after(welcome, question, choose(2), dropped, online, resume, say('server-question-resumed'))
    expect(play.paper).toMatchObject({ chosen: [2], questionEndsAt: T + 12_480 })
    expect(owed(play)).toBeNull()
  })

  it('a 下一题 that was lost is owed again', () => {
    const play = after(welcome, question, choose(0), handIn, say('server-verdict-wrong'), next, dropped, online, resume, say('server-verdict-wrong'))
    expect(owed(play)).toEqual(sample('client-next'))
  })

  it('a 交卷 that was lost is owed again', () => {
    const play = after(welcome, question, { is: 'finish' }, dropped, online, resume, say('server-question-resumed'))
    expect(owed(play)).toEqual(sample('client-finish'))
  })

  it('a paper that ended meanwhile leads to its result, once', () => {
    const play = after(welcome, question, dropped, online, say('server-welcome-ended'))
    expect(play).toMatchObject({ paper: null, endedAway: 'a7Xw93Lm' })
    const seen = reduce(play, { is: 'result_seen', attempt: 'a7Xw93Lm' })
    expect(reduce(seen, say('server-welcome-ended')).endedAway).toBeNull()
  })

  it('a start that was lost is owed again, unless the person waited too long', () => {
    const start: PlayEvent = { is: 'start', round: 'daily', at: T }
    expect(owed(after(start, say('server-welcome', {}, T + 5_000)))).toEqual(sample('client-start'))
    const late = after(start, say('server-welcome', {}, T + 60_000))
    expect(owed(late)).toBeNull()
    expect(late.told?.code).toBe('stale_start')
  })

  it('a verdict of a question left behind changes nothing', () => {
    const play = after(welcome, say('server-question-single', { seq: 5 }), choose(1))
    expect(reduce(play, say('server-verdict-after_each')).paper).toEqual(play.paper)
  })
})

describe('a reload', () => {
  it('finds the question of a waiting verdict, and what was ticked', () => {
    const kept: PlayEvent = { is: 'remembered', question: sample<Question>('server-question-multiple'), chosen: [1] }
    const play = after(resume, say('server-verdict-wrong'), kept)
    expect(play.paper).toMatchObject({ chosen: [1], verdict: { seq: 4 }, question: { seq: 4 } })
  })

  it('ticks again what was ticked in an open question', () => {
    const kept: PlayEvent = { is: 'remembered', question: sample<Question>('server-question-multiple'), chosen: [0, 3] }
    expect(after(resume, say('server-question-resumed'), kept).paper?.chosen).toEqual([0, 3])
  })

  it('a question of another paper is not mixed in', () => {
    const kept: PlayEvent = { is: 'remembered', question: { ...sample<Question>('server-question-multiple'), attempt: 'other' }, chosen: [0] }
    expect(after(resume, say('server-verdict-wrong'), kept).paper?.question).toBeNull()
  })
})

describe('refusals', () => {
  const refuse = (code: string, re: object, more: object = {}) => say('server-error', { code, re, ...more })

  it('too late: the question is given back and the reason said', () => {
    const play = after(welcome, question, choose(0), handIn, refuse('too_late', { type: 'answer', seq: 4 }))
    expect(play.paper?.handedIn).toBeNull()
    expect(play.told?.text).toMatch(/时间已到/)
  })

  it('busy: nothing is used up, the answer stays owed until then', () => {
    const play = after(welcome, question, choose(0), choose(2), handIn, refuse('busy', { type: 'answer', seq: 4 }, { retry_after_ms: 800 }))
    expect(play.told?.retryAt).toBe(T + 800)
    expect(owed(play)).toEqual(sample('client-answer'))
  })

  it('a start that is refused for good is dropped', () => {
    expect(owed(after(welcome, { is: 'start', round: 'daily', at: T }, refuse('attempts_exhausted', { type: 'start' })))).toBeNull()
  })

  it('an unknown token means to sign in again', () => {
    expect(after(refuse('unknown_token', { type: 'hello' }))).toMatchObject({ signedOut: true, paper: null })
  })

  it('a disagreement about the place in the paper is settled by a new hello', () => {
    expect(['wrong_seq', 'already_answered', 'too_late'].map((code) => mustResume({ ...sample<Refusal>('server-error'), code } as Refusal))).toEqual([true, true, false])
  })

  it('a verdict clears what was told before', () => {
    const play = after(welcome, question, refuse('rate_limited', { type: 'answer' }), say('server-verdict-bare', { answered: 4 } satisfies Partial<Verdict>))
    expect(play.told).toBeNull()
  })
})

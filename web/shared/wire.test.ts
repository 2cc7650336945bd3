import { describe, expect, it } from 'vitest'
import { ApiError } from './api'
import { sentenceFor, sentenceOf } from './problems'
import { parseServerMessage, type Problem, type ServerMessage } from './protocol'
import { sample, samplesOf } from './samples'

describe('the wire', () => {
  it.each(samplesOf('server-'))('%s is understood', (name) => {
    const message = sample<ServerMessage>(name)
    expect(parseServerMessage(JSON.stringify(message))).toEqual(message)
  })

  it('what a newer server says is passed over', () => {
    expect(parseServerMessage('{"type":"fireworks"}')).toBeNull()
    expect(parseServerMessage('{"type":"toString"}')).toBeNull()
    expect(parseServerMessage('not json')).toBeNull()
    expect(parseServerMessage('null')).toBeNull()
  })

  it('a sample stands for each message that a client sends', () => {
    const types = samplesOf('client-').map((name) => sample<{ type: string }>(name).type)
    expect(new Set(types)).toEqual(new Set(['hello', 'start', 'answer', 'next', 'finish', 'watch', 'unwatch', 'ping']))
  })
})

describe('sentences', () => {
  it('each code says what to do, in Chinese', () => {
    const problem = sample<Problem>('http-problem-rate_limited')
    expect(sentenceFor(problem.code)).toMatch(/再试。$/)
  })

  it('an unknown code falls back to the words of the server, then to our own', () => {
    expect(sentenceFor('novel', '请改天再来。')).toBe('请改天再来。')
    expect(sentenceFor('novel')).toMatch(/再试/)
  })

  it('what only the server knows is said in its words', () => {
    expect(sentenceOf({ code: 'bad_request', message: '姓名里有不能用的字。' })).toBe('姓名里有不能用的字。')
    expect(sentenceOf({ code: 'too_late', message: 'x' })).toBe(sentenceFor('too_late'))
  })

  it('an error knows when one has to sign in again', () => {
    expect(new ApiError('unauthorised', '', 401).signedOut).toBe(true)
    expect(new ApiError('offline', '').signedOut).toBe(false)
  })
})

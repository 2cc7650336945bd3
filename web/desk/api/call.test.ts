import { afterEach, expect, test, vi } from 'vitest'
import { DeskError, carry, get, post, queryOf, sentenceOf, whenSignedOut } from './call'

const answers = (status: number, body: unknown) => vi.fn(async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }))
afterEach(() => vi.unstubAllGlobals())

test('every call but GET carries the token against forgery', async () => {
  const fetch = answers(200, {})
  vi.stubGlobal('fetch', fetch)
  carry('secret')
  await get('/banks', { limit: 5, q: '' })
  await post('/banks', { name: '甲' })
  const [[url, read], [, write]] = fetch.mock.calls as unknown as [[string, RequestInit], [string, RequestInit]]
  expect(url).toBe('/api/desk/v1/banks?limit=5')
  expect(read.headers).not.toHaveProperty('X-Kejing-Csrf')
  expect(write.headers).toHaveProperty('X-Kejing-Csrf', 'secret')
  expect(write.body).toBe('{"name":"甲"}')
})

test('a refusal is told in the server’s words, with its faults and how long to wait', async () => {
  vi.stubGlobal('fetch', answers(429, { code: 'rate_limited', detail: '请 30 秒后再试。', retry_after_ms: 30_000, faults: [{ part: 'stem', code: 'empty', message: '没有题干' }] }))
  const refused = await post('/session').catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'rate_limited', status: 429, retryAfterMs: 30_000, message: '请 30 秒后再试。', faults: [{ part: 'stem' }] })
})

test('an ended session is noticed, a wrong password is not taken for one', async () => {
  const ended = vi.fn()
  whenSignedOut(ended)
  vi.stubGlobal('fetch', answers(401, { code: 'unauthorised' }))
  await post('/session', {}).catch(() => undefined)
  expect(ended).not.toHaveBeenCalled()
  await get('/banks').catch(() => undefined)
  expect(ended).toHaveBeenCalledOnce()
})

test('no answer, and a page that stands between, are the network’s fault', async () => {
  vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('failed'))))
  await expect(get('/banks')).rejects.toMatchObject({ code: 'offline' })
  vi.stubGlobal('fetch', answers(200, '<html>请登录</html>'))
  await expect(get('/banks')).rejects.toMatchObject({ code: 'offline' })
})

test('an answer that is no problem document still gets a sentence', async () => {
  vi.stubGlobal('fetch', answers(502, '<html>'))
  const refused = await get('/banks').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(DeskError)
  expect(sentenceOf(refused)).toMatch(/稍后再试/)
  expect(sentenceOf(new Error('x'))).toMatch(/刷新/)
})

test('queries leave out what is not asked for', () => {
  expect(queryOf({ a: undefined, b: '', c: 0, d: '甲 乙' })).toBe('?c=0&d=%E7%94%B2%20%E4%B9%99')
  expect(queryOf({})).toBe('')
})

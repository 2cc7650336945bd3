// The rankings page in a real browser, on a running season: KEJING_URL=http://127.0.0.1:8080 node --test tests/browser
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { chromium } from 'playwright-core'

const base = (process.env.KEJING_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '')
const SCREEN = { width: 1920, height: 1080 }
const PHONE = { width: 360, height: 740 }

let browser
let season
let board

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  season = await json('/season')
  board = await json('/boards/cities')
})

after(() => browser?.close())

async function json(path) {
  const response = await fetch(`${base}/api/v1${path}`)
  assert.equal(response.status, 200, path)
  return response.json()
}

/** A page of its own; whatever the browser complains about fails the test. */
async function boards(t, viewport, search = '') {
  const context = await browser.newContext({ viewport, reducedMotion: 'reduce' })
  t.after(() => context.close())
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', (error) => complaints.push(error.message))
  t.after(() => assert.deepEqual(complaints, []))
  await page.goto(`${base}/boards${search}`)
  await page.waitForSelector('[data-test=as-of]')
  return page
}

const says = (page, selector, text) =>
  page.waitForFunction(([at, what]) => document.querySelector(at)?.textContent.includes(what), [selector, text])

/** Joins and plays one attempt to its end over the wire, in a browser's own socket. */
async function playOne(name, city) {
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    await page.goto(`${base}/boards`)
    const round = season.rounds.find(({ counts, state }) => counts && state === 'open')
    assert.ok(round, 'a counted round is open')
    const county = season.cities.find(({ code }) => code === city).counties[0]?.code
    const body = { request: randomUUID(), name, city, ...(county && { county }), ...(season.groups.length && { group: season.groups[0].id }), ...(season.consent && { consent: season.consent }) }
    return await page.evaluate(
      async ({ body, round }) => {
        const joined = await fetch('/api/v1/participants', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
        const { token, detail } = await joined.json()
        if (token === undefined) throw new Error(`not joined: ${joined.status} ${detail}`)
        return new Promise((resolve, reject) => {
          const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws', 'kejing.v1')
          const send = (message) => socket.send(JSON.stringify(message))
          socket.onopen = () => send({ type: 'hello', token })
          socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`))
          socket.onmessage = ({ data }) => {
            const message = JSON.parse(data)
            if (message.type === 'welcome') send({ type: 'start', round: round.id })
            if (message.type === 'question') send({ type: 'answer', attempt: message.attempt, seq: message.seq, choices: [0] })
            if (message.type === 'verdict' && message.correct !== undefined && !message.last) send({ type: 'next', attempt: message.attempt })
            if (message.type === 'error') reject(new Error(`${message.code}: ${message.message}`))
            if (message.type === 'result') resolve(message)
          }
        })
      },
      { body, round },
    )
  } finally {
    await context.close()
  }
}

test('a big screen and a phone know the season, whoever has played so far', async (t) => {
  for (const viewport of [SCREEN, PHONE]) {
    const page = await boards(t, viewport)
    assert.equal(await page.textContent('h1'), season.name)
    assert.match(await page.textContent('.caption'), /示意排列，非地图/)
    if (season.sign_in === 'open') assert.equal(await page.textContent('[data-test=unchecked]'), '身份未核验')
    await says(page, '[data-test=feed]', '实时更新')
    const [wide, tall] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight])
    assert.equal(wide, viewport.width, 'nothing scrolls sideways')
    if (viewport === SCREEN) assert.equal(tall, viewport.height, 'a screen never scrolls')
  }
})

test('a finished attempt shows itself on the open boards, without a reload', async (t) => {
  const city = season.cities[1] ?? season.cities[0]
  const screen = await boards(t, SCREEN, '?by=attempts&turn=0')
  const phone = await boards(t, PHONE, `?view=city:${city.code}`)
  await says(screen, '[data-test=feed]', '实时更新')
  await says(phone, '[data-test=feed]', '实时更新')
  const before = (await json(`/boards/cities?by=attempts`)).entries.find(({ code }) => code === city.code)?.participants ?? 0
  const total = (await json(`/boards/city:${city.code}`)).total

  const result = await playOne('钟离看榜', city.code)
  assert.equal(result.counted, true)

  const row = `.cities .rows [data-code="${city.code}"] .participants`
  await screen.waitForFunction(([at, n]) => Number(document.querySelector(at)?.textContent.replace(/,/g, '')) === n, [row, before + 1])
  await says(phone, '[data-test=total]', `共 ${String(total + 1).replace(/\B(?=(\d{3})+(?!\d))/g, ',')} 人`)
  if (total < 20) await says(phone, '.people .rows', '钟*榜')
})

test('the cities are tiles and rows of the season, each index with its definition a tap away', async (t) => {
  const page = await boards(t, SCREEN, '?by=participants&turn=0')
  await page.waitForSelector('.tile')
  const codes = season.cities.map(({ code }) => code).sort()
  assert.deepEqual((await page.$$eval('.tile', (tiles) => tiles.map(({ dataset }) => dataset.code))).sort(), codes)

  const other = board.indices.find(({ id }) => id === 'attempts')
  await page.selectOption('[data-test=by]', other.id)
  await says(page, '[data-test=index]', other.name)
  assert.match(page.url(), /by=attempts/)

  // And by a key of the remote control.
  await page.evaluate(() => document.activeElement?.blur())
  await page.keyboard.press('1')
  await says(page, '[data-test=index]', board.indices[0].name)

  await page.click('[data-test=definitions]')
  const told = await page.textContent('[data-test=definition-list]')
  for (const { name, definition } of board.indices) assert.ok(told.includes(name) && told.includes(definition), name)
  await page.keyboard.press('Escape')
  await page.waitForSelector('[role=dialog]', { state: 'detached' })
})

test('a city with too few participants says so, and the rule stands in words', async (t) => {
  const { entries, participants_min } = await json('/boards/cities?by=participants')
  const few = entries.find(({ value }) => value === null || value === undefined)
  assert.ok(few, 'after one attempt most cities still have nobody')
  for (const viewport of [SCREEN, PHONE]) {
    const page = await boards(t, viewport, '?by=participants')
    await says(page, `.tile[data-code="${few.code}"]`, '人数不足')
    await says(page, `.cities .rows [data-code="${few.code}"]`, '人数不足')
    await says(page, '[data-test=few-rule]', `参与人数不到 ${participants_min} 人`)
  }
})

test('a tile leads to its city\'s board, the browser\'s way back leads back', async (t) => {
  const city = season.cities[0]
  for (const viewport of [SCREEN, PHONE]) {
    const page = await boards(t, viewport, '?turn=0')
    await page.click(`.tile[data-code="${city.code}"]`)
    await says(page, '[data-test=title]', `${city.name} 个人排行`)
    assert.ok(page.url().includes(`view=city:${city.code}`))
    const county = city.counties[0]
    if (county !== undefined) {
      await page.click(`.places [data-code="${county.code}"]`)
      await says(page, '[data-test=title]', `${county.name} 个人排行`)
      await page.goBack()
      await says(page, '[data-test=title]', city.name)
    }
    await page.goBack()
    await page.waitForSelector('.tile')
  }
})

test('an address made for an unattended screen opens what it says', async (t) => {
  const page = await boards(t, SCREEN)
  await page.click('[data-test=address]')
  const city = season.cities[0]
  const round = season.rounds.find(({ counts }) => counts)
  await page.selectOption('[data-test=make-view]', `city:${city.code}`)
  await page.selectOption('[data-test=make-round]', round.id)
  await page.selectOption('[data-test=make-turn]', '30')
  const made = await page.inputValue('[data-test=made]')
  const { search } = new URL(made)
  assert.match(search, new RegExp(`view=city:${city.code}.*round=${round.id}.*turn=30`))
  const screen = await boards(t, SCREEN, search)
  await says(screen, '[data-test=title]', city.name)
  await says(screen, '[data-test=round]', round.name)
})

test('without its socket the page asks every few seconds, and says so', async (t) => {
  const context = await browser.newContext({ viewport: PHONE })
  t.after(() => context.close())
  const page = await context.newPage()
  await page.routeWebSocket(/\/ws$/, (socket) => socket.close({ code: 1011 }))
  await page.goto(`${base}/boards`)
  await says(page, '[data-test=feed]', '每 5 秒刷新一次')
  await says(page, '[data-test=as-of]', '数据截至')
})

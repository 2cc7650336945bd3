// A phone in a browser test, and what a person does with it. Nothing here sleeps: each step waits for the thing itself.
// KEJING_URL says where the server is, KEJING_BROWSER where Chromium is.
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

export const base = (process.env.KEJING_URL ?? 'http://127.0.0.1:8080').replace(/\/$/, '')
export const PHONE = { width: 360, height: 740 }

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const at = (name) => `[data-test=${name}]`
export const MAIN = `${at('main')}:not([disabled])`

export function launch() {
  return chromium.launch({ executablePath: process.env.KEJING_BROWSER ?? '/usr/bin/chromium', args: FLAGS })
}

export async function fetchSeason(below = '') {
  const response = await fetch(`${base}${below}/api/v1/season`)
  assert.equal(response.status, 200)
  return response.json()
}

/** A round that counts and tells nothing until its paper is over, and a practice that tells after each question. */
export function roundsOf(season) {
  const open = season.rounds.filter(({ state }) => state === 'open')
  const bare = open.find(({ counts, feedback }) => counts && feedback === 'after_paper')
  const telling = open.find(({ counts, feedback }) => !counts && feedback === 'after_each')
  assert.ok(bare, 'the season has an open round that counts, with feedback after the paper')
  assert.ok(telling, 'the season has an open practice, with feedback after each question')
  return { bare, telling }
}

/** Where a page's server lies below the address: a rehearsal's has a path of its own. */
const paths = new WeakMap()

/** A phone of its own, forgotten after the test; whatever its page complains about fails the test. */
export async function newPhone(t, browser, { below = '', ...options } = {}) {
  const context = await browser.newContext({ viewport: PHONE, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'zh-CN', reducedMotion: 'reduce', ...options })
  t.after(() => context.close())
  const complaints = []
  context.on('weberror', (error) => complaints.push(error.error().message))
  t.after(() => assert.deepEqual(complaints, []))
  const page = await context.newPage()
  paths.set(page, below)
  return { context, page }
}

export async function open(page, hash = '', search = '') {
  await page.goto(`${base}${paths.get(page) ?? ''}/${search}${hash}`)
}

/** Through the form, as a person does. Returns the recovery code. */
export async function join(page, season, name, { room = false } = {}) {
  await open(page, '#/join')
  await page.waitForFunction(() => document.querySelectorAll('[data-test=city] option').length > 1)
  await page.fill(at('name'), name)
  const city = season.cities[season.cities.length > 1 ? 1 : 0]
  await page.selectOption(at('city'), city.code)
  if (city.counties.length > 0) await page.selectOption(at('county'), city.counties[0].code)
  if (season.consent !== undefined) await page.check(at('consent'))
  if (room) await page.check(at('room'))
  await page.click(MAIN)
  const recovery = await page.textContent(at('recovery'))
  await page.click(MAIN)
  await page.waitForSelector(at('me'))
  return recovery.trim()
}

export async function start(page, round) {
  await open(page, `#/round/${round.id}`)
  await page.click(MAIN)
  await page.waitForSelector(at('stem'))
}

export const stem = (page) => page.textContent(at('stem'))
export const options = (page) => page.locator('.option').allTextContents()
export const ticked = (page) => page.locator('.option input').evaluateAll((all) => all.map((one) => one.checked))
export const tick = (page, choice) => page.locator('.option input').nth(choice).check()

/** Waits for question `seq` to be open. */
export const question = (page, seq) => says(page, 'seq', `第 ${seq} 题`).then(() => page.waitForSelector('.option input'))

export const contains = (page, where, text) =>
  page.waitForFunction(([selector, what]) => document.querySelector(selector)?.textContent.includes(what), [where, text])
export const says = (page, name, text) => contains(page, at(name), text)

/** Answers the open question with its first option, and hands it in. */
export async function answer(page) {
  await tick(page, 0)
  await page.click(MAIN)
}

/** Plays from question `from` to the result, going on after each verdict where there are any. `give` answers a question. */
export async function playOn(page, of, telling, { from = 1, give = answer } = {}) {
  for (let seq = from; seq <= of; seq++) {
    await question(page, seq)
    await give(page)
    if (telling) {
      await page.waitForSelector(at('verdict'))
      await page.click(MAIN)
    }
  }
  await page.waitForSelector(at('score'))
}

export const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)

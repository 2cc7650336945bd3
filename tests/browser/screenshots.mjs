// Pictures of every page for the README and for looking at: node tests/browser/screenshots.mjs FOLDER (see `make screenshots`).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { desk } from './desk-pictures.mjs'
import { knowing } from './knowing.mjs'
import { shipped } from './messy.mjs'
import { join as joinAs, start } from './phone.mjs'

const base = process.env.KEJING_URL.replace(/\/$/, '')
const folder = process.argv[2] ?? 'docs/screenshots'
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, reducedMotion: 'reduce' }
const SCREEN = { viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' }
const { right } = knowing(shipped())

async function shoot(page, name) {
  await page.evaluate(() => document.fonts.ready)
  await page.screenshot({ path: join(folder, `${name}.png`) })
  console.log(name)
}

const main = (page) => page.click('[data-test=main]:not([disabled])')

/** Plays the open paper to its result; `seen` looks at each question and verdict. */
async function play(page, seen = async () => {}) {
  for (;;) {
    await page.waitForSelector('[data-test=stem], [data-test=score]')
    if (await page.$('[data-test=score]')) return
    const before = await page.textContent('[data-test=seq]')
    if (!(await page.$('[data-test=verdict]'))) {
      await right(page)
      await seen('question')
      await main(page)
    }
    await page.waitForFunction((was) => document.querySelector('[data-test=verdict], [data-test=score]') || document.querySelector('[data-test=seq]')?.textContent !== was, before)
    if (await page.$('[data-test=verdict]')) {
      await seen('verdict')
      await main(page)
      await page.waitForFunction(() => !document.querySelector('[data-test=verdict]'))
    }
  }
}

async function begin(page, round) {
  await page.goto(`${base}/#/round/${round}`)
  await page.waitForSelector('[data-test=main]')
  await shoot(page, `play-round-${round}`)
  await main(page)
  await page.waitForSelector('[data-test=stem]')
}

async function phone(browser) {
  const page = await (await browser.newContext(PHONE)).newPage()
  await page.goto(base)
  await page.waitForSelector('[data-test=main]')
  await shoot(page, 'play-welcome')
  await page.goto(`${base}/#/join`)
  await page.fill('[data-test=name]', '韦小兰')
  await page.selectOption('[data-test=city]', '450300')
  await page.selectOption('[data-test=county]', { index: 1 })
  if (await page.$('[data-test=consent]')) await page.check('[data-test=consent]', { force: true })
  await shoot(page, 'play-join')
  await main(page)
  await page.waitForSelector('[data-test=recovery]')
  await shoot(page, 'play-recovery')
  await main(page)

  await begin(page, 'practice')
  let answered = 0
  await play(page, async (what) => {
    if (what === 'verdict' && ++answered === 1) await shoot(page, 'play-verdict')
  })
  await begin(page, 'daily')
  let asked = 0
  await play(page, async () => {
    if (++asked === 3) await shoot(page, 'play-question')
  })
  await page.waitForFunction(() => /第 \d+ 名(少|同分)|排在第 1 名/.test(document.body.textContent))
  await shoot(page, 'play-result')
  await main(page)
  await page.waitForSelector('[data-test=review]')
  await shoot(page, 'play-review')
  for (const screen of ['home', 'boards', 'history', 'me', 'rules', 'about', 'privacy', 'transfer']) {
    await page.goto(`${base}/#/${screen === 'home' ? '' : screen}`)
    await page.waitForLoadState('networkidle')
    await page.waitForSelector('h1')
    await shoot(page, `play-${screen}`)
  }
}

/** The same question page in 大字版 and in the dark. */
async function otherLooks(browser) {
  for (const [name, options, large] of [['play-question-large', {}, '1'], ['play-question-dark', { colorScheme: 'dark' }, '0']]) {
    const page = await (await browser.newContext({ ...PHONE, ...options })).newPage()
    await page.addInitScript((on) => localStorage.setItem('kejing.large', on), large)
    const season = await (await page.request.get(`${base}/api/v1/season`)).json()
    await joinAs(page, season, '陆阿婆')
    await start(page, season.rounds.find(({ id }) => id === 'daily'))
    await right(page)
    await shoot(page, name)
  }
}

async function boards(browser) {
  for (const [name, size] of [['boards-phone', PHONE], ['boards-screen', SCREEN]]) {
    const page = await (await browser.newContext(size)).newPage()
    await page.goto(`${base}/boards`)
    await page.waitForSelector('[data-test=as-of]')
    await shoot(page, name)
  }
}

mkdirSync(folder, { recursive: true })
const browser = await chromium.launch({ executablePath: process.env.KEJING_BROWSER ?? process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  await phone(browser)
  await otherLooks(browser)
  await boards(browser)
  await desk(browser, shoot)
} finally {
  await browser.close()
}

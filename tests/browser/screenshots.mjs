// Takes the screenshots of docs/screenshots/ from a running server with an empty demo season:
// KEJING_URL=http://127.0.0.1:8080 node tests/browser/screenshots.mjs
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MAIN, answer, at, base, fetchSeason, join, launch, open, playOn, question, roundsOf, start } from './phone.mjs'
import { gather } from './crowd.mjs'

/** People who have played before the pictures are taken; a city shows its index from 20 of them on. */
const CROWD = Number(process.env.KEJING_CROWD ?? 500)

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url))
mkdirSync(folder, { recursive: true })

const browser = await launch()
const season = await fetchSeason()
const { bare, telling } = roundsOf(season)

const phone = async (options = {}, large = false) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'zh-CN', reducedMotion: 'reduce', ...options })
  if (large) await context.addInitScript(() => localStorage.setItem('kejing.large', '1'))
  return context.newPage()
}
const shoot = (page, name) => page.screenshot({ path: `${folder}${name}.png` })

const crowded = await phone()
await open(crowded)
await gather(crowded, season, bare, CROWD)

const page = await phone()
await open(page)
await page.waitForSelector(at('main'))
await shoot(page, 'home')
await page.click(at('main'))
await page.waitForSelector(`${at('city')} option:nth-child(2)`, { state: 'attached' })
await shoot(page, 'join')
await join(page, season, '覃小满')
await start(page, telling)
await answer(page)
await page.waitForSelector(at('verdict'))
await shoot(page, 'verdict')
await page.click(MAIN)
await question(page, 2)
await page.getByRole('button', { name: '提前交卷' }).click()
await page.click(at('sure'))
await page.waitForSelector(at('score'))

await open(page, `#/round/${bare.id}`)
await page.waitForSelector(MAIN)
await shoot(page, 'round')
await page.click(MAIN)
await question(page, 1)
await page.locator('.option input').first().check()
await shoot(page, 'paper')
await playOn(page, bare.of, false)
await page.waitForSelector(at('ranks'))
await page.waitForFunction(() => /第 \d+ 名(少|同分)|排在第 1 名/.test(document.body.textContent))
await shoot(page, 'result')
await page.click(MAIN)
await page.waitForSelector(at('review'))
await shoot(page, 'review')
for (const [screen, name, ready] of [['boards', 'ranks', at('me-row')], ['me', 'mine', at('transfer')], ['transfer', 'transfer', at('transfer-code')]]) {
  await open(page, `#/${screen}`)
  await page.waitForSelector(ready)
  await shoot(page, name)
}
await open(page)
await page.waitForSelector(at('me'))
await page.waitForFunction(() => /赛季 \d+ 分/.test(document.body.textContent))
await shoot(page, 'home-joined')

const elder = await phone({}, true)
await join(elder, season, '陆阿婆')
await start(elder, bare)
await shoot(elder, 'paper-large')

const night = await phone({ colorScheme: 'dark' })
await join(night, season, '莫小兰')
await start(night, bare)
await night.locator('.option input').first().check()
await shoot(night, 'paper-dark')

for (const [name, viewport] of [['boards-screen', { width: 1920, height: 1080 }], ['boards-phone', { width: 360, height: 740 }]]) {
  const boards = await (await browser.newContext({ viewport, reducedMotion: 'reduce', locale: 'zh-CN' })).newPage()
  await boards.goto(`${base}/boards`)
  await boards.waitForSelector(at('as-of'))
  await boards.waitForFunction(() => /\d:\d\d:\d\d/.test(document.querySelector('[data-test=as-of]').textContent))
  await boards.screenshot({ path: `${folder}${name}.png` })
}
await browser.close()

// From a folder in which there is nothing to a paper of a season that was set up by form, in the browser alone. It needs a server of its own:
// KEJING_SERVER is the binary. One story, told in order.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as path } from 'node:path'
import { after, before, test } from 'node:test'

/** A failing test's patience, not a pace. */
const START_MS = 60_000
const skip = process.env.KEJING_SERVER === undefined ? 'KEJING_SERVER is not set' : false

let folder
let server
let browser
/** Helpers that know the server's address from their environment, so they come after it. */
let phone
let clerk
let desk

before(async () => {
  if (skip) return
  folder = await mkdtemp(path(tmpdir(), 'kejing-'))
  server = spawn(process.env.KEJING_SERVER, ['serve', '--data', 'data', '--listen', '127.0.0.1:0'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const told = await greeting(server.stdout)
  process.env.KEJING_URL = /http:\/\/127\.0\.0\.1:\d+/.exec(told)[0]
  process.env.KEJING_SETUP = /\/desk#\/setup\/(\S+)/.exec(told)[1]
  phone = await import('./phone.mjs')
  clerk = await import('./clerk.mjs')
  browser = await phone.launch()
})

after(async () => {
  await browser?.close()
  if (server !== undefined && server.exitCode === null) {
    const ended = new Promise((done) => server.once('exit', done))
    server.kill('SIGTERM')
    assert.equal(await ended, 0, 'the server stops as it should after a season was published')
  }
  if (folder !== undefined) await rm(folder, { recursive: true })
})

/** What the server says until it serves. */
function greeting(out) {
  return new Promise((done, failed) => {
    let told = ''
    const patience = setTimeout(() => failed(new Error(`the server did not start: ${told}`)), START_MS)
    out.on('data', (text) => {
      told += text
      if (!told.includes('Ctrl+C')) return
      clearTimeout(patience)
      done(told)
    })
  })
}

const { env } = process
const shoot = async (page, name) => env.KEJING_PICTURES && page.screenshot({ path: path(env.KEJING_PICTURES, `${name}.png`) })
const at = (name) => `[data-test=${name}]`
/** So many days from now, as a date field takes it. */
const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const says = (page, where, text) => page.waitForFunction(([selector, what]) => document.querySelector(selector)?.textContent.includes(what), [where, text])

test('an empty folder has practice, and says that a season has still to be set up', { skip }, async (t) => {
  desk = await clerk.newDesk(t, browser)
  await clerk.setUp(desk, 'weilan', '韦兰')
  await clerk.title(desk, '三分钟上手')
  await desk.click(at('sample'))
  await desk.waitForSelector('text=/已发布 \\d+ 题/')
  await clerk.go(desk, '#/season')
  await says(desk, at('season-now'), '还没有设置')
  await shoot(desk, 'desk-season-starter')
  await settings(desk)
  await roundsByForm(desk)
  await rehearsed(t)
  await published(desk)
  await played(t)
})

/** The season's own fields: a fault at its field, and what was typed survives a reload. */
async function settings(page) {
  await clerk.go(page, '#/season/settings')
  await page.fill(at('season-name'), '三江县科学素质竞赛')
  await page.fill(at('hosts'), '三江县科学技术协会')
  await page.fill(at('contact'), '0772-0000000，工作日 9:00—17:00')
  await page.fill(at('opens'), day(20))
  await page.click(at('always'))
  await page.fill(at('last-day'), day(10))
  await page.waitForSelector(`${at('fault')} >> text=结束要晚于开始`)
  await page.reload()
  await page.waitForSelector('text=已恢复您上次没有保存的改动')
  assert.equal(await page.inputValue(at('season-name')), '三江县科学素质竞赛')
  await page.fill(at('opens'), day(-20))
  await page.fill(at('last-day'), day(60))
  await says(page, at('sentences'), '「三江县科学素质竞赛」从 ')
  await page.fill(at('prizes'), '一等奖 10 名\n分享到朋友圈多抽一次奖')
  await page.waitForSelector(`${at('fault')} >> text=微信禁止奖励分享`)
  await shoot(page, 'desk-season-settings')
  await page.fill(at('prizes'), '一等奖 10 名')
  await page.keyboard.press('Control+s')
  await clerk.told(page, '草稿已保存')
  await page.waitForSelector(at('clean'))
}

async function roundsByForm(page) {
  await clerk.go(page, '#/season/rounds')
  await page.click(at('preset'))
  await page.click(`.el-dialog:visible ${at('presets')}`)
  await page.click('.el-select-dropdown__item:visible >> text=南京 2018')
  await says(page, at('preset-rounds'), '20 题')
  await shoot(page, 'desk-season-preset')
  await page.click(at('take-preset'))
  await says(page, at('title'), '正式答题')
  await page.fill(at('round-name'), '每日竞赛')
  await page.fill(at('question-seconds'), '三十')
  await page.waitForSelector(`${at('fault')} >> text=应当是 3 到 3600 的整数`)
  await page.fill(at('question-seconds'), '25')
  await says(page, at('sentences'), '每题限时 25 秒')
  await page.fill(at('count-0'), '5')
  await says(page, at('sentences'), '每份试卷 18 题')
  await shoot(page, 'desk-season-round')
  await page.click(at('draw'))
  await says(page, `${at('trial')} .figures`, '1,000 份')
  await page.locator(at('trial')).scrollIntoViewIfNeeded()
  await shoot(page, 'desk-season-trial')
  await page.click(at('save'))
  await page.waitForSelector(at('clean'))
  await clerk.go(page, '#/season/rounds')
  await page.waitForSelector(`${at('calendar')} >> text=每日竞赛`)
  await shoot(page, 'desk-season-rounds')
}

/** The draft is played under an address of its own, as it will be minutes before it closes; then nothing of it is left. */
async function rehearsed(t) {
  await clerk.go(desk, '#/season/rehearsal')
  await desk.click(at('from'))
  await desk.click('.el-select-dropdown__item:visible >> text=「每日竞赛」截止前五分钟')
  await shoot(desk, 'desk-rehearsal-begin')
  await desk.click(at('begin'))
  await desk.waitForSelector(at('rehearsing'))
  const below = (await desk.getAttribute(at('open'), 'href')).replace(/\/$/, '')
  const { page } = await phone.newPhone(t, browser, { below })
  const season = await phone.fetchSeason(below)
  assert.equal(season.name, '三江县科学素质竞赛')
  const daily = season.rounds.find(({ name }) => name === '每日竞赛')
  await phone.open(page)
  await page.waitForSelector(`${at('rehearsal')} >> text=演练：不计成绩`)
  await phone.join(page, season, '梁练习')
  await shoot(page, 'play-rehearsal')
  await phone.start(page, daily)
  await phone.playOn(page, daily.of, false)
  assert.match(await page.textContent(at('ranks')), /第 1 名/)
  await says(desk, at('rehearsal-participants'), '1')
  await shoot(desk, 'desk-rehearsal')
  assert.ok(await phone.fits(page))
  await desk.click(at('end'))
  await desk.waitForSelector(at('begin'))
  await page.reload()
  await page.waitForSelector('text=没有这次演练，或者已经结束')
  await shoot(page, 'play-rehearsal-ended')
  // What the phone knows of the season itself is nothing.
  await page.goto(`${phone.base}/`)
  assert.equal(await page.locator(at('me')).count(), 0)
}

async function published(page) {
  await clerk.go(page, '#/season')
  await says(page, at('differences'), '三江县科学素质竞赛')
  await page.fill(at('reason'), '赛季开始')
  await shoot(page, 'desk-season-publish')
  await page.click(at('publish'))
  await clerk.confirmed(page, `${at('coming')}, ${at('published')}`)
  await page.waitForSelector(at('published'))
  assert.match(await page.textContent(`${at('rounds-now')} tr:has-text("每日竞赛") ${at('commitment')}`), /^[0-9a-f]{64}$/)
  await says(page, at('versions'), '赛季开始')
  await shoot(page, 'desk-season-published')
}

async function played(t) {
  const { page } = await phone.newPhone(t, browser)
  const season = await phone.fetchSeason()
  assert.equal(season.name, '三江县科学素质竞赛')
  const daily = season.rounds.find(({ name }) => name === '每日竞赛')
  await phone.join(page, season, '韦小兰')
  await phone.start(page, daily)
  await phone.playOn(page, daily.of, false)
  assert.match(await page.textContent(at('ranks')), /第 1 名/)
}

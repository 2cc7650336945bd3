// From a folder in which there is nothing to a paper of a season that was set up by form, in the browser alone. It needs a server of its own:
// KEJING_SERVER is the binary. One story, told in order.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { serveNothing, shoot, skip } from './folder.mjs'

let end
let browser
/** Helpers that know the server's address from their environment, so they come after it. */
let phone
let clerk
let forms

before(async () => {
  if (skip) return
  end = await serveNothing()
  phone = await import('./phone.mjs')
  clerk = await import('./clerk.mjs')
  forms = await import('./season-forms.mjs')
  browser = await phone.launch()
})

after(async () => {
  await browser?.close()
  await end?.()
})

const at = (name) => `[data-test=${name}]`

test('an empty folder has practice, and says that a season has still to be set up', { skip }, async (t) => {
  const desk = await clerk.newDesk(t, browser)
  await clerk.setUp(desk, 'weilan', '韦兰')
  await clerk.title(desk, '三分钟上手')
  await desk.click(at('sample'))
  await desk.waitForSelector('text=/已发布 \\d+ 题/')
  await clerk.go(desk, '#/season')
  await phone.contains(desk, at('season-now'), '还没有设置')
  await shoot(desk, 'desk-season-starter')
  await settings(desk)
  await roundsByForm(desk)
  await rehearsed(t, desk)
  await published(desk)
  await played(t)
})

/** The season's own fields: a fault at its field, and what was typed survives a reload. */
async function settings(page) {
  await clerk.go(page, '#/season/settings')
  await page.fill(at('season-name'), '三江县科学素质竞赛')
  await page.fill(at('opens'), forms.day(20))
  await page.click(at('always'))
  await page.fill(at('last-day'), forms.day(10))
  await page.waitForSelector(`${at('fault')} >> text=结束要晚于开始`)
  await page.reload()
  await page.waitForSelector('text=已恢复您上次没有保存的改动')
  assert.equal(await page.inputValue(at('season-name')), '三江县科学素质竞赛')
  await forms.about(page, '三江县科学素质竞赛')
  await page.fill(at('prizes'), '一等奖 10 名\n分享到朋友圈多抽一次奖')
  await page.waitForSelector(`${at('fault')} >> text=微信禁止奖励分享`)
  await shoot(page, 'desk-season-settings')
  await page.fill(at('prizes'), '一等奖 10 名')
  await forms.saved(page)
}

async function roundsByForm(page) {
  await forms.takePreset(page, '南京 2018', async () => {
    await phone.says(page, 'preset-rounds', '20 题')
    await shoot(page, 'desk-season-preset')
  })
  await phone.says(page, 'title', '正式答题')
  await page.fill(at('round-name'), '每日竞赛')
  await page.fill(at('question-seconds'), '三十')
  await page.waitForSelector(`${at('fault')} >> text=应当是 3 到 3600 的整数`)
  await page.fill(at('question-seconds'), '25')
  await phone.says(page, 'sentences', '每题限时 25 秒')
  await page.fill(at('count-0'), '5')
  await phone.says(page, 'sentences', '每份试卷 18 题')
  await shoot(page, 'desk-season-round')
  await page.click(at('draw'))
  await phone.contains(page, `${at('trial')} .figures`, '1,000 份')
  await page.locator(at('trial')).scrollIntoViewIfNeeded()
  await shoot(page, 'desk-season-trial')
  await page.click(at('save'))
  await page.waitForSelector(at('clean'))
  await clerk.go(page, '#/season/rounds')
  await page.waitForSelector(`${at('calendar')} >> text=每日竞赛`)
  await shoot(page, 'desk-season-rounds')
}

/** The draft is played under an address of its own, as it will be minutes before it closes; then nothing of it is left. */
async function rehearsed(t, desk) {
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
  await phone.says(desk, 'rehearsal-participants', '1')
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
  await forms.publishSeason(page, '赛季开始', () => shoot(page, 'desk-season-publish'))
  await forms.commitmentOf(page, '每日竞赛')
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

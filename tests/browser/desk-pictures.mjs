// Pictures of every page of the desk, on the way from the first link over a published bank to a correction, and of what phones see of it.
import { answerCitizen, decide, propose, reportFromPhone, seenOnPhone } from './correcting.mjs'
import { runs } from './desk-running.mjs'
import { accept, go, invite, setUpFactor, signIn, title, told, DESK, newPassword } from './clerk.mjs'
import { bulk, giveKey, leaveOutTwin, makeBank, publishBank, saveReady, send, show } from './importing.mjs'
import { messyRows } from './messy.mjs'
import { tellMissed } from './missed.mjs'
import { at, fetchSeason, newPhone, open, roundsOf } from './phone.mjs'
import { xlsx } from './xlsx.mjs'

const LOOK = { viewport: DESK, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce' }

/** What opens a phone closes it after a test; here the browser's own end does. */
const CLOSES = { after: () => undefined }

/** @param take takes a picture of a page under a name */
export async function desk(browser, take) {
  // What was told of the step before would cover the page.
  const shoot = async (page, name) => {
    await page.waitForFunction(() => document.querySelector('.el-message') === null)
    await take(page, name)
  }
  const page = await (await browser.newContext(LOOK)).newPage()
  const other = await (await browser.newContext(LOOK)).newPage()
  await firstRun(page, shoot)
  const link = await invite(page, 'qinxy', '覃小燕', '审题人', (name) => shoot(page, name))
  await invite(page, 'huangdn', '黄大年', '编辑')
  await invite(page, 'mengxh', '蒙小华', '审计')
  await accept(other, link)
  const recovery = await setUpFactor(other)
  await bank(page, shoot)
  await imported(page, shoot)
  await reviewed(page, other, shoot)
  await published(page, other, shoot)
  await runs(CLOSES, browser, page, shoot)
  await corrected(browser, page, other, shoot)
  await counted(other, page, shoot)
  await everywhere(page, shoot)
  await atNight(browser, recovery, shoot)
}

async function firstRun(page, shoot) {
  await go(page)
  await title(page, '欢迎使用科竞')
  await shoot(page, 'desk-first-start')
  await go(page, `#/setup/${process.env.KEJING_SETUP}`)
  await page.fill(at('login'), 'weilan')
  await page.fill(at('name'), '韦兰')
  await shoot(page, 'desk-setup')
  await newPassword(page)
  await page.waitForSelector(at('secret'))
  await shoot(page, 'desk-second-factor')
  await setUpFactor(page, () => shoot(page, 'desk-recovery'))
  await title(page, '三分钟上手')
  await page.waitForSelector(`${at('phone-how')}, ${at('phone-url')}`)
  await shoot(page, 'desk-guide')
  await page.click(at('sample'))
  await page.waitForSelector('text=/已发布 \\d+ 题/')
}

async function bank(page, shoot) {
  await go(page, '#/banks')
  await page.click(at('new-bank'))
  await makeBank(page, 'liuzhou', '柳州市供题', () => shoot(page, 'desk-new-bank'))
}

async function imported(page, shoot) {
  await send(page, '柳州市供题（第二批）.xlsx', xlsx(messyRows(160)))
  await page.click(at('remap'))
  await page.waitForSelector(at('columns'))
  await shoot(page, 'desk-import-columns')
  await page.reload()
  await page.waitForSelector(at('rows'))
  await shoot(page, 'desk-import')
  await leaveOutTwin(page, () => shoot(page, 'desk-import-twins'))
  await show(page, 'refused')
  await giveKey(page, [1], () => shoot(page, 'desk-import-mend'))
  await saveReady(page)
  await go(page, '#/banks/liuzhou/imports')
  await page.waitForSelector(`${at('imports')} a`)
  await shoot(page, 'desk-imports')
}

async function reviewed(page, other, shoot) {
  await bulk(page, 'liuzhou', 'draft', 'submit', () => shoot(page, 'desk-bulk'))
  await go(other, '#/review')
  await other.waitForSelector(at('reviewing'))
  await shoot(other, 'desk-review')
  await other.keyboard.press('r')
  await other.fill(at('reason'), '题干有歧义')
  await shoot(other, 'desk-return')
  await other.click(at('reason-go'))
  await told(other, '已退回')
  await bulk(other, 'liuzhou', 'submitted', 'approve')
}

async function published(page, other, shoot) {
  await publishBank(other, 'liuzhou', '八月竞赛启用', () => shoot(other, 'desk-publish'))
  await go(page, '#/banks/liuzhou/questions?state=returned')
  await page.click(`${at('questions')} a.stem`)
  await page.waitForSelector(at('reasons'))
  await shoot(page, 'desk-question')
  await page.click(at('large'))
  await page.click('text=看解析')
  await shoot(page, 'desk-question-large')
}

/** From a report on a phone over its correction to what the phone and the complaint desk show of it. */
async function corrected(browser, page, other, shoot) {
  const season = await fetchSeason()
  const { bare } = roundsOf(season)
  const { page: phone } = await newPhone(CLOSES, browser)
  const { score, receipt, stem } = await reportFromPhone(phone, season, bare, shoot)
  const hash = await propose(other, stem, shoot)
  await decide(page, hash, shoot)
  await seenOnPhone(phone, bare, score, shoot)
  await tellMissed(phone)
  await open(phone, '#/missed')
  await phone.waitForSelector(`article${at('missed')}`)
  await shoot(phone, 'play-missed')
  await answerCitizen(page, receipt, shoot)
}

async function counted(reviewer, overseer, shoot) {
  await go(reviewer, '#/statistics')
  await reviewer.waitForSelector(`${at('statistics')} tbody tr`)
  await shoot(reviewer, 'desk-statistics')
  await reviewer.click(`${at('statistics')} a.stem >> nth=0`)
  await reviewer.waitForFunction(() => document.querySelectorAll('.chart svg').length === 2)
  await shoot(reviewer, 'desk-statistics-question')
  await go(overseer, '#/statistics/overview')
  await overseer.waitForFunction(() => document.querySelectorAll('.chart svg').length === 3)
  await shoot(overseer, 'desk-statistics-overview')
}

async function everywhere(page, shoot) {
  const PAGES = [
    ['desk-start', '#/', 'tasks'],
    ['desk-account', '#/me', 'change-password'],
    ['desk-staff', '#/staff', 'staff'],
    ['desk-audit', '#/audit', 'audit'],
    ['desk-banks', '#/banks', 'banks'],
    ['desk-questions', '#/banks/kexue/questions', 'questions'],
    ['desk-versions', '#/banks/liuzhou/versions', 'versions'],
    ['desk-settings', '#/banks/liuzhou/settings', 'bank-name'],
    ['desk-complaints', '#/complaints?state=closed', 'complaints'],
    ['desk-season', '#/season', 'season-now'],
  ]
  for (const [name, hash, there] of PAGES) {
    await go(page, hash)
    await page.waitForSelector(at(there))
    await page.waitForLoadState('networkidle')
    await shoot(page, name)
  }
  await page.keyboard.press('?')
  await page.waitForSelector(at('keys'))
  await shoot(page, 'desk-keys')
}

async function atNight(browser, recovery, shoot) {
  const page = await (await browser.newContext({ ...LOOK, colorScheme: 'dark' })).newPage()
  await go(page)
  await page.waitForSelector(at('sign-in'))
  await shoot(page, 'desk-sign-in-dark')
  await signIn(page, 'qinxy', recovery[0])
  await title(page, '覃小燕')
  await go(page, '#/banks/kexue/questions')
  await page.waitForSelector(at('questions'))
  await shoot(page, 'desk-questions-dark')
}

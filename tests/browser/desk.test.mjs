// The desk in a real browser, from the first link over import, mending and review by a second person to publishing. One story, told in order:
// what one test leaves is what the next one finds.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accept, go, invite, newDesk, setUp, setUpFactor, signIn, title, told } from './clerk.mjs'
import { runs } from './desk-running.mjs'
import { bulk, giveKey, leaveOutTwin, makeBank, pile, pileIs, publishBank, saveReady, send, show } from './importing.mjs'
import { messyRows } from './messy.mjs'
import { answerCitizen, decide, propose, reportFromPhone, seenOnPhone, undo } from './correcting.mjs'
import { at, fetchSeason, join, launch, newPhone, playOn, roundsOf, start } from './phone.mjs'
import { xlsx } from './xlsx.mjs'

let browser
/** Login, name and recovery codes of each. */
let first
let second

before(async () => (browser = await launch()))
after(() => browser?.close())

/** The next recovery code of somebody: an authenticator's digits are good once in half a minute, and no test waits. */
const code = (person) => person.recovery.shift()

async function signedIn(t, person, options) {
  const page = await newDesk(t, browser, options)
  await go(page)
  await signIn(page, person.login, code(person))
  await title(page, '您好')
  return page
}

test('whoever has not the first link is told where to find it; with it, an administrator comes in and is led to a phone', async (t) => {
  const stranger = await newDesk(t, browser)
  await go(stranger)
  await title(stranger, '欢迎使用科竞')

  const page = await newDesk(t, browser)
  await go(page, `#/setup/${process.env.KEJING_SETUP}`)
  await page.click(at('main'))
  assert.match(await page.textContent(`${at('fault')} >> nth=0`), /登录名/)
  first = await setUp(page, 'weilan', '韦兰')
  assert.equal(first.recovery.length, 10)
  await title(page, '三分钟上手')
  // The test's server listens on the loopback: the page says so instead of showing a code that leads nowhere.
  assert.match(await page.textContent(at('phone-how')), /--listen 0\.0\.0\.0/)

  await go(page, `#/setup/${process.env.KEJING_SETUP}`)
  await page.waitForSelector('text=这里已经有管理员了')
})

test('sign-in asks for the second factor, takes a recovery code once, and tells what is wrong', async (t) => {
  const page = await newDesk(t, browser)
  await go(page)
  await page.fill(at('login'), first.login)
  await page.fill(at('password'), '不是这个密码')
  await page.click(at('main'))
  await page.waitForSelector(at('fault'))

  const used = code(first)
  await signIn(page, first.login, used)
  await title(page, '您好')
  await page.click(at('sign-out'))
  await page.waitForSelector(at('sign-in'))
  await signIn(page, first.login, used)
  await page.waitForSelector(at('fault'))
  assert.equal(await page.isVisible(at('sign-in')), true)
})

test('a colleague comes in by a link, sets up their own second factor, and does what the role names', async (t) => {
  const page = await signedIn(t, first)
  const link = await invite(page, 'qinxy', '覃小燕', '审题人')
  assert.match(link, /\/desk#\/invitation\//)
  await page.waitForSelector('tr:has-text("覃小燕") >> text=等待接受邀请')

  const other = await newDesk(t, browser)
  await accept(other, link)
  second = { login: 'qinxy', name: '覃小燕', recovery: await setUpFactor(other) }
  await title(other, '覃小燕')
  assert.equal(await other.locator('.menu >> text=人员').count(), 0)
  await go(other, '#/staff')
  await other.waitForFunction(() => /不能|没有|角色|权限/.test(document.querySelector('.quiet')?.textContent ?? ''))

  await go(page, '#/audit')
  await page.waitForSelector(`${at('audit')} tr:has-text("接受邀请")`)
  // What 覃小燕 was refused is written down.
  await page.waitForSelector(`${at('audit')} tr:has-text("覃小燕"):has-text("被拒绝")`)
  await page.click(`${at('audit')} tr:has-text("邀请人员")`)
  await page.waitForSelector(`${at('audit')} >> text=qinxy`)
})

test('keys are shown, and pages tell where one is', async (t) => {
  const page = await signedIn(t, first)
  await page.keyboard.press('?')
  await page.waitForSelector(at('keys'))
  await page.keyboard.press('Escape')
  await page.waitForSelector(at('keys'), { state: 'hidden' })
  await page.keyboard.press('2')
  await title(page, '题库')
  assert.match(await page.title(), /题库/)
  await go(page, '#/nowhere')
  await page.waitForSelector('text=没有这一页')
})

/** The next question is there and no dialog is over it. */
const readyToApprove = async (page) => {
  await page.waitForSelector(at('reason'), { state: 'hidden' })
  await page.waitForSelector(`${at('approve')}:not([disabled])`)
}

test('a messy spreadsheet is read, mended in the preview, and becomes drafts', async (t) => {
  const page = await signedIn(t, first)
  await go(page, '#/banks')
  await page.click(at('new-bank'))
  await makeBank(page, 'liuzhou', '柳州供题')
  await send(page, '柳州供题（第二批）.xlsx', xlsx(messyRows(24)))
  assert.ok((await pile(page, 'ready')) > 10)
  assert.ok((await pile(page, 'refused')) >= 2)
  // Nothing is lost by a reload, and nothing is in the bank yet.
  await page.reload()
  await page.waitForSelector(at('rows'))

  await show(page, 'refused')
  await page.waitForSelector(`${at('rows')} >> text=H`)
  const refused = await pile(page, 'refused')
  await giveKey(page, [0])
  await pileIs(page, 'refused', refused - 1)
  await leaveOutTwin(page)

  await show(page, 'to_check')
  for (let left = await pile(page, 'to_check'); left > 0; left--) {
    await page.waitForSelector(`${at('accept')}:not([disabled])`)
    await page.keyboard.press('a')
    await pileIs(page, 'to_check', left - 1)
  }
  const ready = await pile(page, 'ready')
  await saveReady(page)
  await go(page, '#/banks/liuzhou/questions?state=draft')
  assert.equal(await page.textContent(at('total')), `共 ${ready} 道`)
})

test('pasted text becomes a draft, the editor shows it on a phone and says what is missing while one types', async (t) => {
  const page = await signedIn(t, first)
  await go(page, '#/banks/liuzhou/imports')
  await page.click(at('paste'))
  await page.fill(at('text'), '1. 下列哪一种做法有助于节约用水？\nA. 用洗菜水浇花\nB. 长开水龙头\n【答案】A\n【解析】洗菜水可以再利用。')
  await page.click(at('read-text'))
  await page.waitForSelector(at('rows'))
  if ((await pile(page, 'ready')) === 0) await page.click(`${at('accept')}:not([disabled])`)
  await page.click(`${at('confirm-ready')}:not([disabled])`)
  await page.click(at('see-drafts'))
  await page.fill(`${at('search')}`, '节约用水')
  await page.keyboard.press('Enter')
  await page.click(`${at('questions')} >> text=下列哪一种做法有助于节约用水？`)
  await page.waitForSelector(`${at('preview')} .stem >> text=下列哪一种做法有助于节约用水？`)

  // What it lacks stands beside its field.
  await page.waitForSelector(`${at('fault')} >> text=没有来源`)
  await page.fill(at('source'), '《国家节水行动方案》')
  await page.waitForSelector(`${at('fault')} >> text=没有来源`, { state: 'detached' })
  await page.click(at('large'))
  await page.waitForSelector(`${at('preview')} .body.large .stem`)
  await page.keyboard.press('Control+s')
  await told(page, '已保存')
})

test('drafts are sent for review in bulk; a second person returns one with reasons and approves the others by keys', async (t) => {
  const page = await signedIn(t, first)
  await bulk(page, 'liuzhou', 'draft', 'submit')

  const other = await signedIn(t, second)
  await other.click(`${at('tasks')} >> text=去审题`)
  await other.waitForSelector(at('reviewing'))
  const waiting = await other.locator(`${at('queue')} li`).count()
  assert.ok(waiting > 10)
  await other.keyboard.press('r')
  await other.fill(at('reason'), '题干有歧义，请改写。')
  await other.click(at('reason-go'))
  await other.waitForFunction(([where, many]) => document.querySelectorAll(where).length === many, [`${at('queue')} li`, waiting - 1])
  await readyToApprove(other)
  await other.keyboard.press('a')
  await other.waitForFunction(([where, many]) => document.querySelectorAll(where).length === many, [`${at('queue')} li`, waiting - 2])
  await bulk(other, 'liuzhou', 'submitted', 'approve')
  await told(other, '已通过')

  // Whoever wrote it finds the reason, mends and sends again.
  await go(page, '#/')
  await page.click(`${at('tasks')} >> text=去修改`)
  await page.waitForSelector(`${at('questions')} >> text=题干有歧义，请改写。`)
  await page.click(`${at('questions')} a.stem`)
  await page.waitForSelector(at('reasons'))
  const stem = page.locator(`${at('stem')} textarea, textarea${at('stem')}`).first()
  await stem.fill(`${await stem.inputValue()}（按常见情况）`)
  await page.click(at('submit'))
  await told(page, '已送审')

  await go(other, '#/review')
  await other.waitForSelector('text=退回以后改了这些')
  assert.match(await other.textContent(at('changes')), /（按常见情况）/)
  await readyToApprove(other)
  await other.keyboard.press('a')
  await other.waitForSelector('text=没有等您审的题')
})

test('two who edit the same question see both versions, and nothing is overwritten unseen', async (t) => {
  const page = await signedIn(t, first)
  await go(page, '#/banks/liuzhou/new')
  await page.fill(at('stem'), '冲突的题')
  await page.click(at('save'))
  await told(page, '已存为草稿')
  const hash = new URL(page.url()).hash
  const again = await page.context().newPage()
  await go(again, hash)
  await again.fill(at('stem'), '别处改过的题')
  await again.click(at('save'))
  await told(again, '已保存')
  await page.fill(at('stem'), '我改的题')
  await page.click(at('save'))
  await page.waitForSelector(at('conflict'))
  assert.match(await page.textContent(`${at('conflict')} del`), /别处/)
  await page.click(at('mine'))
  await told(page, '已保存您的版本')
})

test('a file of all questions says how many are not in it because they are not finished', async (t) => {
  const page = await signedIn(t, second)
  // What could not be sent for review lacks something.
  await go(page, '#/banks/liuzhou/questions?state=draft')
  const [unfinished] = /\d+/.exec(await page.textContent(at('total')))
  await go(page, '#/banks/liuzhou/questions')
  await page.click(at('export'))
  const file = page.waitForEvent('download')
  await page.click(at('export-file'))
  assert.match((await file).suggestedFilename(), /\.xlsx$/)
  await page.waitForSelector(`${at('left-out')} >> text=另有 ${unfinished} 道题还没有写完，不在文件里`)
  await page.click('.el-dialog:visible >> text=知道了')
  await page.waitForSelector(at('left-out'), { state: 'hidden' })

  await go(page, '#/banks/liuzhou/questions?state=approved')
  await page.click(at('export'))
  const whole = page.waitForEvent('download')
  await page.click(at('export-file'))
  assert.match((await whole).suggestedFilename(), /\.xlsx$/)
  await told(page, '已导出')
  await page.waitForSelector(at('export-file'), { state: 'hidden' })
})

test('what was approved is published by the second person, after typing the password again', async (t) => {
  const page = await signedIn(t, second)
  await publishBank(page, 'liuzhou', '八月竞赛启用')
  assert.match(await page.textContent(at('versions')), /第 1 版.*覃小燕.*八月竞赛启用/s)
  const file = page.waitForEvent('download')
  await page.click(`${at('versions')} >> text=导出`)
  await page.click(at('export-file'))
  assert.match((await file).suggestedFilename(), /\.xlsx$/)
})

test('while the season runs, a pause, a notice and what is done to a participant are seen on the phone', async (t) => {
  await runs(t, browser, await signedIn(t, first))
})

test('a phone reports a question, one proposes a correction, another decides it, and the phone sees its new score', async (t) => {
  const season = await fetchSeason()
  const { bare } = roundsOf(season)
  const { page: phone } = await newPhone(t, browser)
  const { score, receipt, stem } = await reportFromPhone(phone, season, bare)
  const reviewer = await signedIn(t, second)
  const administrator = await signedIn(t, first)
  const hash = await propose(reviewer, stem)
  await decide(administrator, hash)
  await seenOnPhone(phone, bare, score)
  await answerCitizen(administrator, receipt)
  await undo(administrator, reviewer, hash)
})

test('what was played is told by question, by option and by day, and each chart has its table', async (t) => {
  const season = await fetchSeason()
  const { bare } = roundsOf(season)
  const { page: phone } = await newPhone(t, browser)
  await join(phone, season, '黄小统')
  await start(phone, bare)
  await playOn(phone, bare.of, false)

  const page = await signedIn(t, second)
  await go(page, '#/statistics')
  // It is counted when somebody looks; the page looks again by itself.
  await page.waitForSelector(at('statistics'))
  // What the tests before it played is counted as well.
  assert.ok((await page.locator(`${at('statistics')} tbody tr`).count()) >= bare.of)
  await page.click(at('sort-facility'))
  await page.waitForSelector('th[aria-sort=ascending]')
  const file = page.waitForEvent('download')
  await page.click(at('export'))
  assert.match((await file).suggestedFilename(), /\.csv$/)

  await page.click(`${at('statistics')} a.stem >> nth=0`)
  await title(page, '题目统计')
  await page.waitForSelector(`${at('options')} .chip.right`)
  await page.waitForFunction(() => document.querySelectorAll('.chart svg').length === 2)
  assert.equal(await page.locator(`${at('days')} tbody tr`).count(), 1)
  // What is drawn is what the table says.
  const labels = await page.locator('.chart svg').first().textContent()
  assert.match(labels, /（答案）/)

  const overseer = await signedIn(t, first)
  await go(overseer, '#/statistics/overview')
  await overseer.waitForSelector(at('starts'))
  await overseer.waitForFunction(() => document.querySelectorAll('.chart svg').length === 3)
  assert.ok((await overseer.locator(`${at('places')} tbody tr`).count()) > 1)
})

// The desk in a real browser, from the first link over import, mending and review by a second person to publishing. One story, told in order:
// what one test leaves is what the next one finds.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accept, confirmed, go, invite, newDesk, setUp, setUpFactor, signIn, title, told } from './clerk.mjs'
import { at, base, launch } from './phone.mjs'

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
  await other.waitForSelector('.quiet')
  assert.match(await other.textContent('.quiet'), /不能|没有|角色|权限/)

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

// Somebody at the desk in a browser test, and what they do with it. KEJING_SETUP is the secret of the first link, good once a server.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { at, base } from './phone.mjs'

export const DESK = { width: 1440, height: 900 }
const PASSWORD = '三江程阳风雨桥头等你来'
const STEP_MS = 30_000

/** The six digits that an authenticator shows for a secret in base32 (RFC 6238). */
export function digits(secret, at = Date.now()) {
  const bits = [...secret.replace(/[\s=]/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP_MS)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const from = mac[19] & 15
  return String((mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** A browser of its own; whatever its pages complain about, a broken Content-Security-Policy too, fails the test. */
export async function newDesk(t, browser, options = {}) {
  const context = await browser.newContext({ viewport: DESK, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', reducedMotion: 'reduce', ...options })
  const complaints = []
  context.on('weberror', (error) => complaints.push(error.error().message))
  context.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy/.test(message.text())) complaints.push(message.text())
  })
  t.after(async () => {
    await context.close()
    assert.deepEqual(complaints, [])
  })
  return context.newPage()
}

export const go = (page, hash = '') => page.goto(`${base}/desk${hash}`)

export const title = (page, text) => page.waitForFunction((what) => document.querySelector('[data-test=title]')?.textContent.includes(what), text)

/** Sets up the second factor on the page that asks for it; gives the recovery codes, which `seen` may look at. */
export async function setUpFactor(page, seen = async () => undefined) {
  const secret = await page.textContent(at('secret'))
  await page.fill(at('code'), digits(secret))
  await page.click(at('main'))
  await page.waitForSelector(at('recovery'))
  const recovery = await page.locator(at('recovery-code')).allTextContents()
  await seen()
  await page.click(at('kept'))
  await page.click(at('main'))
  return recovery.map((code) => code.trim())
}

/** The first administrator, by the one-time link. */
export async function setUp(page, login, name) {
  await go(page, `#/setup/${process.env.KEJING_SETUP}`)
  await page.fill(at('login'), login)
  await page.fill(at('name'), name)
  await newPassword(page)
  const recovery = await setUpFactor(page)
  return { login, name, recovery }
}

export async function newPassword(page) {
  await page.fill(at('new-password'), PASSWORD)
  await page.fill(at('new-password-again'), PASSWORD)
  await page.click(at('main'))
}

/** Invites somebody with one role; gives the link to send. */
export async function invite(page, login, name, role, shoot = async () => undefined) {
  await go(page, '#/staff')
  await page.click(at('invite'))
  await page.fill(at('staff-name'), name)
  await page.fill(at('staff-login'), login)
  await page.click(at('role'))
  await page.click(`.el-select-dropdown__item:visible >> text="${role}"`)
  await shoot('desk-invite')
  await page.click(at('staff-save'))
  await confirmed(page, at('copy-text'))
  const link = await page.textContent(at('copy-text'))
  await shoot('desk-invitation')
  await page.click(at('invitation-done'))
  return link.trim()
}

/** Waits for `then`, typing the password again where it is asked for. */
export async function confirmed(page, then) {
  const asked = at('confirm')
  await page.waitForSelector(`${asked}, ${then}`)
  if (await page.isVisible(asked)) {
    await page.fill(`${asked} ${at('password')}`, PASSWORD)
    await page.click(at('confirm-yes'))
  }
  await page.waitForSelector(then)
}

/** Takes an invitation in a browser of its own. */
export async function accept(page, link) {
  await page.goto(link)
  await newPassword(page)
}

export async function signIn(page, login, recovery) {
  await page.fill(at('login'), login)
  await page.fill(at('password'), PASSWORD)
  await page.click(at('main'))
  if (recovery === undefined) return
  await page.click(at('use-recovery'))
  await page.fill(at('code'), recovery)
  await page.click(at('main'))
}

export const told = (page, text) => page.waitForSelector(`.el-message >> text=${text}`)

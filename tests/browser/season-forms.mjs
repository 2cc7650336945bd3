// A season by form: what is filled in and published at the desk.
import assert from 'node:assert/strict'
import { confirmed, go, told } from './clerk.mjs'
import { at, contains } from './phone.mjs'

/** So many days from now, as a date field takes it. */
export const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

/** The season's own fields, such that it is open; what they come to stands beside them. */
export async function about(page, name) {
  await go(page, '#/season/settings')
  await page.fill(at('season-name'), name)
  await page.fill(at('hosts'), '三江县科学技术协会')
  await page.fill(at('contact'), '0772-0000000，工作日 9:00—17:00')
  await opens(page, -20)
  await contains(page, at('sentences'), `「${name}」从 `)
}

export async function opens(page, days) {
  await page.fill(at('opens'), day(days))
  if (await page.isChecked(`${at('always')} input`)) await page.click(at('always'))
  await page.fill(at('last-day'), day(60))
}

export async function saved(page) {
  await page.keyboard.press('Control+s')
  await told(page, '草稿已保存')
  await page.waitForSelector(at('clean'))
}

/** A round as a competition published its rules; its form is open then. */
export async function takePreset(page, name, seen = async () => undefined) {
  await go(page, '#/season/rounds')
  await page.click(at('preset'))
  await page.click(`.el-dialog:visible ${at('presets')}`)
  await page.click(`.el-select-dropdown__item:visible >> text=${name}`)
  await page.waitForSelector(at('preset-rounds'))
  await seen()
  await page.click(at('take-preset'))
  await page.waitForSelector(at('round-name'))
}

export async function publishSeason(page, reason, seen = async () => undefined) {
  await go(page, '#/season')
  await page.waitForSelector(`${at('differences')} li`)
  await page.fill(at('reason'), reason)
  await seen()
  await page.click(at('publish'))
  await confirmed(page, `${at('coming')}, ${at('published')}`)
  await page.waitForSelector(at('published'))
  await contains(page, at('versions'), reason)
}

/** The round's fingerprint is public before anybody plays. */
export const commitmentOf = async (page, round) => assert.match(await page.textContent(`${at('rounds-now')} tr:has-text("${round}") ${at('commitment')}`), /^[0-9a-f]{64}$/)

// A file's way into a bank at the desk: sent, its rows mended in the preview, its questions dealt with in bulk.
import { confirmed, go } from './clerk.mjs'
import { at } from './phone.mjs'

/** Through the dialog that makes a bank; the page of its imports is open then. */
export async function makeBank(page, id, name, seen = async () => undefined) {
  await page.fill(at('bank-name'), name)
  await page.fill(at('bank-id'), id)
  await seen()
  await page.click(at('make-bank'))
  await page.waitForSelector(at('drop'))
}

/** Sends a file; the preview of what was read is open then. */
export async function send(page, name, buffer) {
  await page.setInputFiles(at('file'), { name, mimeType: 'application/octet-stream', buffer })
  await page.waitForSelector(at('rows'))
}

const numberOn = (standing) => `${at(`pile-${standing}`)} b`
/** The number on a pile of the preview. */
export const pile = async (page, standing) => Number((await page.textContent(numberOn(standing))).replace(/,/g, ''))
export const pileIs = (page, standing, many) =>
  page.waitForFunction(([where, wanted]) => Number(document.querySelector(where)?.textContent.replace(/,/g, '')) === wanted, [numberOn(standing), many])

/** Shows a pile. */
export async function show(page, standing) {
  await page.click(at(`pile-${standing}`))
  await page.waitForSelector(`${at(`pile-${standing}`)}[aria-selected=true]`)
}

/** Gives the first row of the pile that is shown these answers, by their places. */
export async function giveKey(page, places, seen = async () => undefined) {
  await page.click(`${at('mend')} >> nth=0`)
  await page.waitForSelector(at('mending'))
  await seen()
  for (const place of places) await page.click(`${at('mending')} ${at(`key-${place}`)}`)
  await page.click(at('mend-save'))
  await page.waitForSelector(at('mending'), { state: 'hidden' })
}

/** Leaves out the first of the rows that are there twice, after a look at both. */
export async function leaveOutTwin(page, seen = async () => undefined) {
  await show(page, 'same')
  await page.click(`${at('rows')} ${at('beside')} >> nth=0`)
  await page.waitForSelector(`${at('twins')} tbody tr`)
  await seen()
  await page.click(at('twin-skip'))
  await page.waitForSelector(at('twins'), { state: 'hidden' })
}

/** Saves what is ready. */
export async function saveReady(page) {
  await page.click(`${at('confirm-ready')}:not([disabled])`)
  await page.waitForSelector(`${at('pile-saved')}, ${at('saved')}`)
}

/** Does one thing to all questions of a bank that stand so, on however many pages. */
export async function bulk(page, bank, state, act, seen = async () => undefined) {
  await go(page, `#/banks/${bank}/questions?state=${state}`)
  await page.click(at('tick-page'))
  await page.waitForSelector(at('ticked'))
  if (await page.isVisible(at('tick-all'))) await page.click(at('tick-all'))
  await seen()
  await page.click(at(`bulk-${act}`))
  await page.click(at('bulk-go'))
  await page.waitForSelector(`${at('bulk-result')}, .el-message--success`)
}

/** Publishes what has been approved; the versions are shown then. */
export async function publishBank(page, bank, reason, seen = async () => undefined) {
  await go(page, `#/banks/${bank}/publish`)
  await page.waitForSelector(at('preview'))
  await page.fill(at('reason'), reason)
  await seen()
  await page.click(at('publish'))
  await confirmed(page, at('versions'))
}

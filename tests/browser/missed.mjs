// A week's most missed questions on a phone. No test waits for a week to end: the server's answer is the one sample that its own tests hold it to.
import { readFile } from 'node:fs/promises'
import { base } from './phone.mjs'

const SAMPLE = new URL('../wire/http-missed.json', import.meta.url)
const LAST_WEEK = '2026-08-24'

/** From now on the phone is told of two weeks: of the newest as the sample has it, of the one before with the questions the other way round. */
export async function tellMissed(page) {
  const told = JSON.parse(await readFile(SAMPLE, 'utf8'))
  const before = { ...told, week: { ...told.week, id: LAST_WEEK, questions: [...told.week.questions].reverse() } }
  await page.route(`${base}/api/v1/season`, async (route) => {
    const response = await route.fetch()
    await route.fulfill({ response, json: { ...(await response.json()), missed: told.weeks[0] } })
  })
  await page.route((url) => url.pathname === '/api/v1/missed', (route) => route.fulfill({ json: new URL(route.request().url()).searchParams.get('week') === LAST_WEEK ? before : told }))
  return { ...told.week, before: LAST_WEEK }
}

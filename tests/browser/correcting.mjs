// From a report on a phone to a correction that two have decided: what each of them does.
import assert from 'node:assert/strict'
import { confirmed, go, title, told } from './clerk.mjs'
import { MAIN, at, join, open, playOn, start } from './phone.mjs'

const silent = async () => undefined

/** Plays a paper with the first option throughout and reports its first wrong question; the score, and the attempt's receipt. */
export async function reportFromPhone(phone, season, round, shoot = silent) {
  await join(phone, season, '覃小满')
  await start(phone, round)
  await playOn(phone, round.of, false)
  const { score, receipt } = await resultOn(phone)
  return { score, receipt, stem: await reportWrong(phone, shoot) }
}

/** What the page that shows a result says. */
export async function resultOn(phone) {
  const score = Number.parseInt(await phone.textContent(at('score')), 10)
  return { score, receipt: (await phone.textContent(at('receipt'))).replace(/\s/g, '') }
}

/** From a result to its first wrong question, which is reported; its stem. */
export async function reportWrong(phone, shoot = silent) {
  await phone.click(MAIN)
  const wrong = phone.locator(`${at('review')}:has(.judged:not(.fine))`).first()
  const stem = (await wrong.locator('.stem').textContent()).trim()
  await wrong.locator('text=这道题有问题').click()
  await phone.check('input[value=答案不对]')
  await phone.fill('textarea', '课本上不是这样写的')
  await shoot(phone, 'play-report')
  await phone.click('text=发给主办方')
  await phone.waitForSelector('text=已收到，谢谢')
  await phone.click('text="好"')
  return stem
}

/** The reviewer finds the report, answers it, and proposes that everybody gets the points; the correction's address. */
export async function propose(reviewer, stem, shoot = silent) {
  await go(reviewer, '#/reports')
  const row = reviewer.locator(`${at('reports')} tr`, { hasText: stem.slice(0, 12) })
  await row.waitFor()
  await shoot(reviewer, 'desk-reports')
  await row.locator('a.stem').click()
  await reviewer.waitForSelector(at('answer'))
  await reviewer.fill(`${at('answer')} >> nth=0`, '谢谢，确实有歧义，已经提出更正。')
  await shoot(reviewer, 'desk-report')
  await reviewer.click(at('send-answer'))
  await told(reviewer, '已回复')
  await reviewer.click(at('correct'))
  const remedy = { kind: 'all_points', why: '教材两版说法不同，题目有歧义', erratum: '题目有歧义，做到这道题的都得分。' }
  const hash = await suggest(reviewer, remedy, shoot)
  await shoot(reviewer, 'desk-correction')
  return hash
}

/** Fills in a correction and proposes it; its preview is open then. `right`: the texts of the options that are right now. The correction's address. */
export async function suggest(page, { kind, right = [], why, erratum }, shoot = silent) {
  await title(page, '提出更正')
  await page.check(at(`remedy-${kind}`))
  for (const text of right) await page.locator('label.option', { has: page.getByText(text, { exact: true }) }).locator('input').check()
  await page.fill(at('why'), why)
  await page.fill(at('erratum'), erratum)
  await shoot(page, 'desk-correction-new')
  await page.click(at('propose'))
  await page.waitForSelector(at('preview'))
  assert.equal(await page.locator(at('decide')).count(), 0, 'who proposed does not decide')
  return new URL(page.url()).hash
}

/** Another person decides. */
export async function decide(page, hash, shoot = silent) {
  await go(page, '#/corrections')
  await page.waitForSelector(at('corrections'))
  await shoot(page, 'desk-corrections')
  await go(page, hash)
  await page.waitForSelector(`${at('preview')} >> text=有变化的答卷`)
  await shoot(page, 'desk-correction-decide')
  await page.click(at('decide'))
  await confirmed(page, at('applied'))
  await shoot(page, 'desk-correction-applied')
}

/** The phone was told, and shows what was and what is. */
export async function seenOnPhone(phone, round, score, shoot = silent) {
  await phone.waitForSelector('.dropped >> text=更正')
  await shoot(phone, 'play-corrected')
  await phone.click('text=知道了')
  await open(phone, '#/home')
  await phone.waitForSelector(`${at('me')} >> text=报告有回复`)
  await phone.click(at('me'))
  await phone.waitForSelector(`${at('corrections')} >> text=人人得分`)
  await shoot(phone, 'play-me-corrections')
  await phone.click(at('reports'))
  await phone.waitForSelector(`${at('answer')} >> text=已经提出更正`)
  await shoot(phone, 'play-reports')
  await open(phone, '#/history')
  await phone.waitForSelector(`${at('attempt')} >> text=题目更正前 ${score} 分`)
  await phone.click(`${at('attempt')} >> nth=0`)
  await phone.waitForFunction(([where, was]) => Number.parseInt(document.querySelector(where)?.textContent ?? '', 10) > was, [at('score'), score])
  await phone.click(MAIN)
  await phone.waitForSelector(`${at('errata')} >> text=题目有歧义`)
  await phone.locator(at('errata')).scrollIntoViewIfNeeded()
  await shoot(phone, 'play-review-corrected')
  await open(phone, `#/round/${round.id}`)
  await phone.waitForSelector(`${at('errata')} >> text=勘误`)
  await phone.locator(at('errata')).scrollIntoViewIfNeeded()
  await shoot(phone, 'play-round-errata')
}

/** From a receipt that is read out to the attempt. */
export async function findByReceipt(page, receipt, shoot = silent) {
  await go(page, '#/complaints')
  await page.waitForSelector(at('find'))
  await shoot(page, 'desk-complaints-find')
  await page.fill(at('q'), receipt.toLowerCase())
  await page.keyboard.press('Enter')
  await page.waitForSelector(at('events'))
}

/** What is found by a receipt tells the reason; a complaint is taken down and closed. */
export async function answerCitizen(page, receipt, shoot = silent) {
  await findByReceipt(page, receipt, shoot)
  await page.waitForSelector(`${at('events')} >> text=更正`)
  await shoot(page, 'desk-attempt')
  await page.click(at('complain'))
  await page.fill(at('complaint-text'), '打电话来说，昨天看到的分数和今天的不一样。')
  await page.fill(at('complaint-from'), '覃女士')
  await page.click(at('complaint-go'))
  await title(page, '一件反映')
  await page.click(at('explain'))
  await page.fill(at('words'), '有一道题更正了，您的成绩提高了，原来的回执仍然有效。')
  await page.click(at('act-go'))
  await page.waitForSelector(`${at('steps')} >> text=解释`)
  await shoot(page, 'desk-complaint')
  await page.click(at('close'))
  await page.fill(at('words'), '已解释，本人没有意见。')
  await page.click(at('act-go'))
  await page.waitForSelector(at('reopen'))
}

/** Takes the correction back: proposed by one, decided by the other. */
export async function undo(proposer, decider, hash) {
  await go(proposer, hash)
  await proposer.click(at('undo'))
  await proposer.waitForSelector(`${at('remedy-as_published')}:checked`)
  const again = await suggest(proposer, { kind: 'as_published', why: '重新核对过，原来的评分没有错', erratum: '经再次核对，恢复原来的评分。' })
  await decide(decider, again)
}

// The whole of it as one story: from a folder in which there is nothing, in the browser alone, to a spreadsheet of 2,000 rows that is mended, reviewed and
// published, a season, two papers, and a key that is corrected so that the two change places. It needs a server of its own: KEJING_SERVER is the binary.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { serveNothing, shoot, skip } from './folder.mjs'
import { MESS, messyBook } from './messy.mjs'
import { workbook } from './xlsx.mjs'

const BANK = 'liuzhou'
const SEASON = '柳州市科学素质竞赛'
const PHONE = { viewport: { width: 390, height: 844 } }
/** Of a multiple-choice question, and of any other. */
const POINTS = { several: 10, one: 5 }

let end
let browser
/** Helpers that know the server's address from their environment, so they come after it. */
let clerk
let correcting
let forms
let importing
let knowing
let phones

before(async () => {
  if (skip) return
  end = await serveNothing()
  phones = await import('./phone.mjs')
  clerk = await import('./clerk.mjs')
  correcting = await import('./correcting.mjs')
  forms = await import('./season-forms.mjs')
  importing = await import('./importing.mjs')
  knowing = await import('./knowing.mjs')
  browser = await phones.launch()
})

after(async () => {
  await browser?.close()
  await end?.()
})

const at = (name) => `[data-test=${name}]`
const { questions, sheets } = messyBook()
const counted = (many) => many.toLocaleString('en-US')

test('from an empty folder to a rank that a correction changed', { skip }, async (t) => {
  const chapter = async (name, act) => {
    const began = performance.now()
    const told = await act()
    t.diagnostic(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
    return told
  }
  const desk = await clerk.newDesk(t, browser)
  await chapter('an administrator is made', () => clerk.setUp(desk, 'weilan', '韦兰'))
  const drafts = await chapter('the spreadsheet is imported and mended', () => imported(desk))
  const sent = await chapter('what is ready is sent for review', () => submitted(desk, drafts))
  const reviewer = await clerk.newDesk(t, browser)
  await chapter('a second person reviews and publishes', () => reviewed(desk, reviewer, sent))
  await chapter('a season is opened', () => opened(desk))
  const played = await chapter('two papers are played', () => playedByTwo(t))
  await chapter('the key is corrected', () => corrected(desk, reviewer, played))
  await chapter('an attempt is given back', () => givenBack(desk, played))
})

/** Gives how many questions became drafts. */
async function imported(page) {
  await clerk.title(page, '三分钟上手')
  await page.click(at('own'))
  await importing.makeBank(page, BANK, '柳州市科普题库')
  await importing.send(page, '2026年科普题库（三个单位汇总）.xlsx', workbook(sheets))
  const refused = MESS.lostKeys + MESS.wrongLetters + MESS.gaps
  const toCheck = MESS.kindsInStem + MESS.kindsUnsaid + MESS.keysByNumber + MESS.twice
  await importing.pileIs(page, 'refused', refused)
  await importing.pileIs(page, 'to_check', toCheck)
  await importing.pileIs(page, 'ready', MESS.rows - refused - toCheck)
  await shoot(page, 'story-preview')

  const mended = 3
  await importing.show(page, 'refused')
  for (let left = refused; left > refused - mended; left--) {
    await importing.giveKey(page, await rightPlaces(page))
    await importing.pileIs(page, 'refused', left - 1)
  }
  await shoot(page, 'story-refused')

  await importing.show(page, 'to_check')
  await shoot(page, 'story-to-check')
  await acceptKind(page, '没有写题型')
  await importing.pileIs(page, 'to_check', toCheck - MESS.kindsUnsaid)
  await acceptKind(page, '题型只在题干里注明')
  let left = toCheck - MESS.kindsUnsaid - MESS.kindsInStem
  await importing.pileIs(page, 'to_check', left)
  await page.click(`${at('rows')} tr:has-text("当作第几个选项") ${at('accept')}`)
  await importing.pileIs(page, 'to_check', --left)
  await importing.leaveOutTwin(page, () => shoot(page, 'story-twins'))
  await importing.pileIs(page, 'to_check', --left)

  const ready = MESS.rows - (refused - mended) - left - 1
  await importing.pileIs(page, 'ready', ready)
  await importing.saveReady(page)
  await importing.pileIs(page, 'saved', ready)
  await shoot(page, 'story-saved')

  // What is left over can be taken along with its reasons, and read again another day.
  const file = page.waitForEvent('download')
  await page.click(at('rest'))
  const rest = await file
  assert.match(rest.suggestedFilename(), /\.xlsx$/)
  await clerk.go(page, `#/banks/${BANK}/imports`)
  await importing.send(page, rest.suggestedFilename(), await readFile(await rest.path()))
  await importing.pileIs(page, 'refused', refused - mended)
  await importing.pileIs(page, 'to_check', left)
  await importing.pileIs(page, 'ready', 0)
  return ready
}

/** Which options of the first row are right, as everybody knows who has the original. */
async function rightPlaces(page) {
  const stem = (await page.textContent(`${at('rows')} tbody tr >> nth=0 >> .strong`)).trim()
  const { key } = questions.find((one) => one.stem === stem)
  return [...key].map((letter) => letter.charCodeAt(0) - 65)
}

async function acceptKind(page, say) {
  await page.click(`.kinds li:has-text("${say}") ${at('accept-kind')}`)
  await clerk.told(page, '已转为可导入')
}

/** Those without an explanation stay behind; one of them gets it. Gives how many were sent. */
async function submitted(page, drafts) {
  await clerk.go(page, '')
  await page.click(`${at('tasks')} >> text=看草稿`)
  await phones.says(page, 'total', `共 ${counted(drafts)} 道`)
  await importing.bulk(page, BANK, 'draft', 'submit', () => shoot(page, 'story-submit'))
  await phones.says(page, 'bulk-result', `${counted(drafts - MESS.unexplained)} 道已送审，${MESS.unexplained} 道没有`)
  await shoot(page, 'story-refusals')
  await phones.contains(page, at('refusal'), `${MESS.unexplained} 道 `)
  await phones.contains(page, at('refusal'), '没有解析')
  await page.click(`${at('refusal')} a >> nth=0`)
  await page.fill(at('explanation'), '见来源。')
  await page.click(at('submit'))
  await clerk.told(page, '已送审')
  return drafts - MESS.unexplained + 1
}

/** One is looked at and returned, one approved by its key, the others together. */
async function reviewed(page, reviewer, sent) {
  const link = await clerk.invite(page, 'qinxy', '覃小燕', '审题人')
  await clerk.accept(reviewer, link)
  await clerk.setUpFactor(reviewer)
  await reviewer.click(`${at('tasks')} >> text=去审题`)
  await reviewer.waitForSelector(at('reviewing'))
  await phones.contains(reviewer, '.page-head', `还有 ${counted(sent)} 道`)
  await shoot(reviewer, 'story-review')
  await reviewer.keyboard.press('r')
  await reviewer.fill(at('reason'), '题干有歧义，请改写。')
  await reviewer.click(at('reason-go'))
  await phones.contains(reviewer, '.page-head', `还有 ${counted(sent - 1)} 道`)
  await reviewer.waitForSelector(`${at('approve')}:not([disabled])`)
  await reviewer.keyboard.press('a')
  await phones.contains(reviewer, '.page-head', `还有 ${counted(sent - 2)} 道`)
  await reviewer.click(at('together'))
  await phones.says(reviewer, 'total', `共 ${counted(sent - 2)} 道`)
  await importing.bulk(reviewer, BANK, 'submitted', 'approve', () => shoot(reviewer, 'story-approve'))
  await clerk.told(reviewer, `已通过 ${counted(sent - 2)} 道题`)
  await importing.publishBank(reviewer, BANK, '2026 年竞赛启用', () => shoot(reviewer, 'story-publish'))
  assert.match(await reviewer.textContent(at('versions')), new RegExp(`第 1 版.*覃小燕.*${counted(sent - 1)}`, 's'))
}

async function opened(page) {
  await forms.about(page, SEASON)
  await clerk.go(page, '#/season/rounds')
  await shoot(page, 'story-rounds')
  await forms.takePreset(page, '南京 2018')
  await page.fill(at('points-2'), String(POINTS.several))
  await shoot(page, 'story-round')
  await forms.saved(page)
  await clerk.go(page, '#/season/rounds')
  await page.waitForSelector(`${at('rounds')} tr:has-text("正式答题"):has-text("柳州市科普题库")`)
  await forms.publishSeason(page, '赛季开始', () => shoot(page, 'story-season'))
  await forms.commitmentOf(page, '正式答题')
}

/** 韦小兰 has one question of several answers otherwise than its key has it; 覃小竹 gets one of the others wrong and is before her. */
async function playedByTwo(t) {
  const season = await phones.fetchSeason()
  const round = season.rounds.find(({ name }) => name === '正式答题')
  const { right, wrong } = knowing.knowing(questions)
  const misses = (several) => {
    const given = []
    const give = async (page) => {
      const missed = given.length === 0 && (await knowing.asksForSeveral(page)) === several
      if (missed) given.push(...(await wrong(page)))
      else await right(page)
      await page.click(phones.MAIN)
    }
    return { give, given }
  }
  const play = async (name, { give }) => {
    const { page } = await phones.newPhone(t, browser, PHONE)
    await phones.join(page, season, name)
    await phones.start(page, round)
    await phones.playOn(page, round.of, false, { give })
    return { page, ...(await correcting.resultOn(page)) }
  }

  const hers = misses(true)
  const first = await play('韦小兰', hers)
  assert.match(await first.page.textContent(at('ranks')), /第 1 名/)
  const stem = await correcting.reportWrong(first.page, shoot)
  const second = await play('覃小竹', misses(false))
  assert.match(await second.page.textContent(at('ranks')), /第 1 名/)
  assert.equal(second.score, first.score + POINTS.several - POINTS.one)
  const board = await boardOf(t, round)
  await rankOnPhone(first.page, 2)
  await shoot(first.page, 'story-board-before')
  await leads(board, '覃*竹')
  return { round, first, second, stem, given: hers.given, board }
}

/** The board of everybody, as it hangs on a wall; it is not loaded again. */
async function boardOf(t, round) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, reducedMotion: 'reduce' })
  t.after(() => context.close())
  const page = await context.newPage()
  await page.goto(`${phones.base}/boards?view=region&round=${round.id}&turn=0`)
  await phones.says(page, 'feed', '实时更新')
  return page
}

const leads = (board, name) => phones.contains(board, '.people .rows > :first-child', name)

/** Where somebody stands, on the phone's own board. */
async function rankOnPhone(phone, rank) {
  await phones.open(phone, '#/boards')
  await phones.says(phone, 'my-place', `我在第 ${rank} 名`)
}

/** The attempt is found by its receipt; from there a key is proposed, a second person decides, and the two have changed places. */
async function corrected(page, reviewer, { round, first, second, stem, given, board }) {
  await correcting.findByReceipt(page, first.receipt)
  await shoot(page, 'story-attempt')
  const question = page.locator('article.question', { hasText: stem })
  assert.match(await question.textContent(), new RegExp(`0 / ${POINTS.several} 分`))
  await question.locator('text=提出更正').click()
  const remedy = { kind: 'new_key', right: given, why: '查过教材，答案印错了', erratum: '这道题的答案有误，已按教材更正。' }
  const hash = await correcting.suggest(page, remedy, (desk) => shoot(desk, 'story-remedy'))
  await reviewer.waitForSelector(at('versions'))
  await correcting.decide(reviewer, hash, (desk, name) => shoot(desk, `story-${name}`))

  // The wall has changed by itself, and so has the phone whose score is another.
  await leads(board, '韦*兰')
  await shoot(board, 'story-wall')
  await first.page.waitForSelector('.dropped >> text=更正')
  await first.page.click('text=知道了')
  await phones.says(first.page, 'my-place', '我在第 1 名')
  await shoot(first.page, 'story-board-after')
  await phones.open(first.page, '#/history')
  await first.page.click(`${at('attempt')} >> nth=0`)
  await phones.says(first.page, 'score', String(first.score + POINTS.several))
  await phones.says(first.page, 'ranks', '第 1 名')
  await shoot(first.page, 'story-result')
  await rankOnPhone(second.page, 2)
  await correcting.findByReceipt(page, first.receipt)
  await phones.contains(page, at('events'), '更正')
  await phones.contains(page, '.sheet', `当初告诉的是 ${first.score} 分`)
  await phones.open(first.page, `#/round/${round.id}`)
  await phones.contains(first.page, '.chip', '次数已用完')
}

/** From the page of the attempt, where the telephone call is. */
async function givenBack(page, { round, first }) {
  await page.click(at('give-back'))
  await shoot(page, 'story-give-back')
  await page.fill(at('reason'), '短')
  await page.click(at('reason-go'))
  await page.waitForSelector('text=请写明理由，至少 4 个字。')
  await page.fill(at('reason'), '题目有误，补一次')
  await page.click(at('reason-go'))
  await clerk.told(page, '已补一次')
  await phones.open(first.page, '#/home')
  await phones.start(first.page, round)
}

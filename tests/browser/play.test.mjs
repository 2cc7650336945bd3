// The play page in a real browser, on a running season: KEJING_URL=http://127.0.0.1:8080 node --test tests/browser
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { MAIN, answer, at, fetchSeason, fits, join, launch, newPhone, open, options, playOn, question, roundsOf, says, start, stem, tick, ticked } from './phone.mjs'

let browser
let season
let bare
let telling

before(async () => {
  browser = await launch()
  season = await fetchSeason()
  ;({ bare, telling } = roundsOf(season))
})
after(() => browser?.close())

test('somebody joins, keeps the recovery code, and comes back with it on another phone', async (t) => {
  const { page } = await newPhone(t, browser)
  const recovery = await join(page, season, '韦小兰')
  assert.match(recovery.replace(/\s/g, ''), /^[0-9A-Z]{12,}$/)

  const other = (await newPhone(t, browser)).page
  await open(other, '#/sign-in')
  await other.fill(at('code'), recovery.toLowerCase())
  await other.click(MAIN)
  await other.waitForSelector(at('me'))
  assert.match(await other.textContent(at('me')), /韦小兰/)
})

test('what is missing or refused is said before and after sending', async (t) => {
  const { page } = await newPhone(t, browser)
  await open(page, '#/join')
  await page.click(MAIN)
  assert.match(await page.textContent(at('fault')), /请填写姓名/)
  await open(page, '#/sign-in')
  await page.fill(at('code'), '2345 6789')
  await page.click(MAIN)
  assert.match(await page.textContent(at('fault')), /代码不对/)
})

test('a whole paper is played; the result tells the rank, the board shows me, the review explains', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '黄大年')
  await start(page, bare)
  await playOn(page, bare.of, false)
  assert.match(await page.textContent(at('ranks')), /第 \d+ 名/)
  assert.match(await page.textContent(at('receipt')), /^[0-9A-Z]{4} [0-9A-Z]{4} [0-9A-Z]{4}$/)
  const score = parseInt(await page.textContent(at('score')), 10)

  await page.click(MAIN)
  await page.waitForSelector(at('review'))
  assert.equal(await page.locator(at('review')).count(), bare.of)
  assert.equal(await page.locator(at('verdict')).count(), bare.of)

  await open(page, '#/boards')
  await page.waitForSelector(at('my-place'))
  await page.selectOption(at('board-round'), bare.id)
  await page.waitForSelector(at('me-row'))
  assert.match(await page.textContent(at('me-row')), new RegExp(`黄\\*年.*${score} 分`))
  await page.click(at('scope-cities'))
  await page.waitForSelector('.rank')
  assert.equal(await page.locator('.rank').count(), season.cities.length)

  await open(page, '#/history')
  await page.waitForSelector(at('attempt'))
  assert.equal(await page.locator(at('attempt')).count(), 1)
})

test('a verdict appears in place: the options stay where they were', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '蒙小华')
  await start(page, telling)
  const before = await page.locator('.options .face').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top))
  await answer(page)
  await page.waitForSelector(at('verdict'))
  const after = await page.locator('.options .face').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top))
  assert.deepEqual(after, before)
  assert.match(await page.textContent(at('verdict')), /来源/)
  await page.click(`${at('verdict')} button`)
  await page.getByLabel('答案不对').check()
  await page.getByRole('button', { name: '发给主办方' }).click()
  await page.getByText('已收到，谢谢').waitFor()
})

test('a reload in front of a verdict shows it again, with its question', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '陆小川')
  await start(page, telling)
  const asked = await stem(page)
  await answer(page)
  await page.waitForSelector(at('verdict'))
  await page.reload()
  await page.waitForSelector(at('verdict'))
  assert.equal(await stem(page), asked)
  await page.click(MAIN)
  await question(page, 2)
})

test('a reload in mid-paper goes on with the same question, order and tick', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '梁小山')
  await start(page, bare)
  await answer(page)
  await question(page, 2)
  const [asked, shown] = [await stem(page), await options(page)]
  await tick(page, 1)
  await page.reload()
  await question(page, 2)
  assert.equal(await stem(page), asked)
  assert.deepEqual(await options(page), shown)
  assert.equal((await ticked(page))[1], true)
  await says(page, 'saved', '已保存 1 /')
})

test('the network drops in mid-paper: it shows, an answer waits, and goes out by itself', async (t) => {
  const { page, context } = await newPhone(t, browser)
  await join(page, season, '覃小河')
  await start(page, bare)
  await answer(page)
  await question(page, 2)
  await context.setOffline(true)
  await says(page, 'net', '网络已断开')
  await answer(page)
  await says(page, 'saved', '第 2 题联网后自动补交')
  await context.setOffline(false)
  await question(page, 3)
  await says(page, 'saved', '已保存 2 /')
  await playOn(page, bare.of, false, { from: 3 })
})

test('a code moves me to another phone in mid-paper; the first says so and can take over again', async (t) => {
  const first = (await newPhone(t, browser)).page
  await join(first, season, '莫小兰')
  await start(first, bare)
  const asked = await stem(first)
  await open(first, '#/transfer')
  const code = await first.textContent(at('transfer-code'))

  const second = (await newPhone(t, browser)).page
  await open(second, '#/sign-in')
  await second.fill(at('code'), code)
  await second.click(MAIN)
  await question(second, 1)
  assert.equal(await stem(second), asked)

  await first.getByText('在这里继续').click()
  await question(first, 1)
  await second.getByText('在这里继续').waitFor()
  await playOn(first, bare.of, false)
})

test('a family shares a phone and switches; a computer room keeps nobody', async (t) => {
  const { page, context } = await newPhone(t, browser)
  await join(page, season, '爷爷好')
  await join(page, season, '孙女好')
  await open(page, '#/people')
  await page.getByRole('button', { name: /爷爷好/ }).first().click()
  await says(page, 'me', '爷爷好')

  const room = (await newPhone(t, browser)).page
  await join(room, season, '机房生', { room: true })
  await room.reload()
  await says(room, 'me', '机房生')
  const beside = await room.context().newPage()
  await open(beside)
  await beside.waitForSelector(at('main'))
  assert.equal(await beside.locator(at('me')).count(), 0)
  assert.notEqual(context, room.context())
})

test('where storage is forbidden the page still plays', async (t) => {
  const { page, context } = await newPhone(t, browser)
  await context.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('denied', 'SecurityError')
        },
      })
    }
  })
  await open(page)
  await page.click(MAIN)
  await page.fill(at('name'), '微信生')
  await page.selectOption(at('city'), season.cities[0].code)
  if (season.cities[0].counties.length > 0) await page.selectOption(at('county'), season.cities[0].counties[0].code)
  if (season.consent !== undefined) await page.check(at('consent'))
  await page.click(MAIN)
  await page.waitForSelector(at('recovery'))
  await page.click(MAIN)
  await page.click(at(`round-${telling.id}`))
  await page.click(MAIN)
  await question(page, 1)
})

test('a keyboard is enough', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '键盘手')
  await start(page, telling)
  await page.keyboard.press('b')
  assert.deepEqual((await ticked(page)).slice(0, 2), [false, true])
  await page.keyboard.press('Enter')
  await page.waitForSelector(at('verdict'))
  await page.waitForSelector(MAIN)
  await page.keyboard.press('Enter')
  await question(page, 2)
})

test('handing in early is asked once, and told how many are unanswered', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '早交卷')
  await start(page, bare)
  await answer(page)
  await question(page, 2)
  await page.getByRole('button', { name: '提前交卷' }).click()
  await page.getByText(`还有 ${bare.of - 1} 题没有作答`).waitFor()
  await page.click(at('sure'))
  await page.waitForSelector(at('score'))
})

test('大字版 stays, and no screen is wider than the phone', async (t) => {
  const { page } = await newPhone(t, browser)
  await join(page, season, '大字版')
  await page.click(at('large'))
  await page.reload()
  await page.waitForSelector(at('me'))
  assert.equal(await page.evaluate(() => document.documentElement.classList.contains('large')), true)
  for (const screen of ['', 'join', 'sign-in', 'people', 'me', 'transfer', 'history', 'boards', 'rules', 'faq', 'about', 'privacy', 'notices', `round/${bare.id}`]) {
    await open(page, `#/${screen}`)
    await page.waitForSelector('h1')
    assert.ok(await fits(page), screen)
  }
})

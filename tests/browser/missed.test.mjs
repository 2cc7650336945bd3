// 一周易错题 on a phone: nothing yet, then a week's questions with their answers, passed on as a picture and as a text.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { tellMissed } from './missed.mjs'
import { MAIN, at, base, fits, launch, newPhone, open, says } from './phone.mjs'

let browser

before(async () => (browser = await launch()))
after(() => browser?.close())

test('before a week is over the page says so, and home does not lead there', async (t) => {
  const { page } = await newPhone(t, browser)
  await open(page, '#/home')
  await page.waitForSelector('h1')
  assert.equal(await page.locator(at('missed')).count(), 0)
  await open(page, '#/missed')
  await page.waitForSelector('text=还没有可以公布的易错题')
  await page.click('text=回首页')
  await page.waitForFunction(() => !location.hash.includes('missed'))
})

test('home leads to the questions of the last week, the most missed first, each with its answer and why', async (t) => {
  const { page } = await newPhone(t, browser)
  const { questions, before: earlier } = await tellMissed(page)
  await open(page, '#/home')
  await page.click(at('missed'))
  await page.waitForSelector(`article${at('missed')}`)
  const articles = page.locator(`article${at('missed')}`)
  assert.equal(await articles.count(), questions.length)
  const first = await articles.first().textContent()
  for (const text of ['多选题', '第 1 题', '出现 412 次，63% 没答对', questions[0].stem, questions[0].explanation, questions[0].source]) assert.ok(first.includes(text), `${text} in ${first}`)
  assert.deepEqual(await articles.first().locator('li.right > span:not(.mark)').allTextContents(), ['拉闸断电', '用干粉灭火器'])
  assert.ok(await fits(page), 'nothing scrolls sideways')

  await page.selectOption(at('week'), earlier)
  await page.waitForFunction((stem) => document.querySelector('article .stem')?.textContent === stem, questions[1].stem)
  assert.match(page.url(), new RegExp(`#/missed/${earlier}$`))
})

test('the week is passed on as a picture and as a text', async (t) => {
  const { page, context } = await newPhone(t, browser)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: base })
  const { questions } = await tellMissed(page)
  await open(page, '#/missed')
  await page.click(MAIN)
  const picture = page.locator(`img${at('picture')}`)
  await picture.waitFor()
  const [width, height] = await picture.evaluate(async (image) => (await image.decode(), [image.naturalWidth, image.naturalHeight]))
  assert.ok(width >= 700 && height > width / 2, `${width} × ${height}`)
  const file = page.waitForEvent('download')
  await page.click('text=保存图片')
  assert.equal((await file).suggestedFilename(), '易错题-2026-08-31.png')
  await page.click('text="关闭"')

  await page.click(at('text'))
  await page.click(at('copy'))
  await says(page, 'copy', '已复制')
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  assert.equal(copied, await page.inputValue(at('words')))
  for (const { stem } of questions) assert.ok(copied.includes(stem))
  assert.ok(copied.includes('答案：A. 拉闸断电；C. 用干粉灭火器'))
  assert.ok(copied.endsWith(`${base}/#/missed/2026-08-31`))
})

// While the season runs: somebody at the desk pauses it, tells everyone, lets it run on; a phone that is in mid-paper sees all of it.
import assert from 'node:assert/strict'
import { go, title, told } from './clerk.mjs'
import { at, fetchSeason, join, newPhone, question, roundsOf, start, stem } from './phone.mjs'

const NOTICE = '今晚十一点到十一点十分维护，答题时间会补给大家。'

/** Of several dialogs of a page that which is open. */
const OPEN = `${at('reason')}:visible`

async function because(page, reason, then) {
  await page.fill(OPEN, reason)
  await page.click(`${at('reason-go')}:visible`)
  await told(page, then)
  await page.waitForSelector(OPEN, { state: 'hidden' })
}

/** @param page is an administrator's; `shoot` may take a picture of a page under a name */
export async function runs(t, browser, page, shoot = async () => undefined) {
  const season = await fetchSeason()
  const { bare } = roundsOf(season)
  const { page: phone } = await newPhone(t, browser)
  await join(phone, season, '韦小竹')
  await start(phone, bare)
  await question(phone, 1)
  const asked = await stem(phone)

  await go(page, '#/running')
  await title(page, '运行')
  await page.waitForFunction((where) => Number(document.querySelector(where)?.textContent) >= 1, at('sockets'))
  await page.click(at(`pause-${bare.id}`))
  await page.waitForSelector('text=/正在答的 \\d+ 份答卷马上停住/')
  await shoot(page, 'desk-pause')
  await page.click(at('reason-go'))
  await page.waitForSelector('text=请写明理由，至少 4 个字。')
  await because(page, '场馆断电，等恢复', '暂停好了')
  await page.waitForSelector(`${at(`state-${bare.id}`)} >> text=暂停中`)
  await phone.waitForSelector(at('paused'))
  assert.equal(await phone.isVisible(at('stem')), false, 'the question is put away')
  await shoot(page, 'desk-running')
  await shoot(phone, 'play-paused')

  await go(page, '#/notices')
  await page.fill(at('notice-text'), NOTICE)
  await page.click('text=重要')
  await page.click(at('notice-tell'))
  await told(page, '公告已经发到')
  await page.waitForSelector(`${at('notices')} >> text=${NOTICE}`)
  await phone.waitForSelector(`.dropped >> text=${NOTICE}`)
  await shoot(page, 'desk-notices')

  await go(page, '#/running')
  await page.click(at(`resume-${bare.id}`))
  await because(page, '已经恢复供电', '恢复好了')
  await phone.waitForSelector(at('stem'))
  assert.equal(await stem(phone), asked, 'the same question, where it was')
  await phone.waitForSelector('.option input:not([disabled])')

  await go(page, '#/acts')
  await page.waitForSelector(`${at('acts')} >> text=恢复「${bare.name}」`)
  await shoot(page, 'desk-acts')

  await go(page, '#/participants')
  await page.fill(at('q'), '韦小竹')
  await page.click(at('find'))
  await page.waitForSelector(`${at('participants')} >> text=韦小竹`)
  await shoot(page, 'desk-participants')
  await page.click(`${at('participants')} a`)
  await title(page, '韦小竹')
  await page.click(at('exclude'))
  await because(page, '同一个人用多个名字参赛', '取消资格')
  await page.waitForSelector('text=这位选手的资格已经取消')
  await shoot(page, 'desk-participant')
  await phone.waitForSelector('text=同一个人用多个名字参赛')
  await page.click(`${at('acts')} button >> text=撤销`)
  await because(page, '查清楚了，是误会', '已经撤销')
  await page.waitForSelector(at('exclude'))

  await page.click(at('give-one'))
  await page.waitForSelector(at('gb-look'))
  await page.click(at('gb-look'))
  await page.waitForSelector(at('gb-seen'))
  await page.fill(at('gb-reason'), '答题时手机死机')
  await shoot(page, 'desk-give-back')
  await page.click(at('gb-give'))
  await told(page, '已经补好')
  await page.waitForSelector(`${at('acts')} >> text=补「${bare.name}」的答题次数，共 1 次`)
}

// Pictures of every page of the desk, on the way from the first link to a published bank.
import { accept, confirmed, go, invite, setUpFactor, signIn, title, told, DESK, newPassword } from './clerk.mjs'
import { messyRows } from './messy.mjs'
import { at } from './phone.mjs'
import { xlsx } from './xlsx.mjs'

const LOOK = { viewport: DESK, locale: 'zh-CN', reducedMotion: 'reduce' }

/** @param shoot takes a picture of a page under a name */
export async function desk(browser, shoot) {
  const page = await (await browser.newContext(LOOK)).newPage()
  const other = await (await browser.newContext(LOOK)).newPage()
  await firstRun(page, shoot)
  const link = await invite(page, 'qinxy', '覃小燕', '审题人', (name) => shoot(page, name))
  await invite(page, 'huangdn', '黄大年', '编辑')
  await invite(page, 'mengxh', '蒙小华', '监督员')
  await accept(other, link)
  const recovery = await setUpFactor(other)
  await bank(page, shoot)
  await imported(page, shoot)
  await reviewed(page, other, shoot)
  await published(page, other, shoot)
  await everywhere(page, shoot)
  await atNight(browser, recovery, shoot)
}

async function firstRun(page, shoot) {
  await go(page)
  await title(page, '欢迎使用科竞')
  await shoot(page, 'desk-first-start')
  await go(page, `#/setup/${process.env.KEJING_SETUP}`)
  await page.fill(at('login'), 'weilan')
  await page.fill(at('name'), '韦兰')
  await shoot(page, 'desk-setup')
  await newPassword(page)
  await page.waitForSelector(at('secret'))
  await shoot(page, 'desk-second-factor')
  await setUpFactor(page, () => shoot(page, 'desk-recovery'))
  await title(page, '三分钟上手')
  await page.waitForSelector(`${at('phone-how')}, ${at('phone-url')}`)
  await shoot(page, 'desk-guide')
  await page.click(at('sample'))
  await page.waitForSelector('text=示例题库')
}

async function bank(page, shoot) {
  await go(page, '#/banks')
  await page.click(at('new-bank'))
  await page.fill(at('bank-name'), '柳州市供题')
  await page.fill(at('bank-id'), 'liuzhou')
  await shoot(page, 'desk-new-bank')
  await page.click(at('make-bank'))
  await page.waitForSelector(at('drop'))
}

async function imported(page, shoot) {
  await page.setInputFiles(at('file'), { name: '柳州市供题（第二批）.xlsx', mimeType: 'application/octet-stream', buffer: xlsx(messyRows(160)) })
  await page.waitForSelector(at('rows'))
  await page.click(at('remap'))
  await page.waitForSelector(at('columns'))
  await shoot(page, 'desk-import-columns')
  await page.reload()
  await page.waitForSelector(at('rows'))
  await shoot(page, 'desk-import')
  await page.click(at('pile-same'))
  await page.click(`${at('rows')} ${at('beside')} >> nth=0`)
  await page.waitForSelector(`${at('twins')} tbody tr`)
  await shoot(page, 'desk-import-twins')
  await page.click(at('twin-skip'))
  await page.click(at('pile-refused'))
  await page.waitForSelector(`${at('pile-refused')}[aria-selected=true]`)
  await page.click(`${at('mend')} >> nth=0`)
  await page.waitForSelector(at('mending'))
  await shoot(page, 'desk-import-mend')
  await page.click(`${at('mending')} ${at('key-1')}`)
  await page.click(at('mend-save'))
  await page.waitForSelector(at('mending'), { state: 'hidden' })
  await page.click(at('confirm-ready'))
  await page.waitForSelector(`${at('pile-saved')}, ${at('saved')}`)
  await go(page, '#/banks/liuzhou/imports')
  await page.waitForSelector(`${at('imports')} a`)
  await shoot(page, 'desk-imports')
}

async function reviewed(page, other, shoot) {
  await go(page, '#/banks/liuzhou/questions?state=draft')
  await page.click(at('tick-page'))
  await shoot(page, 'desk-bulk')
  await page.click(at('bulk-submit'))
  await page.click(at('bulk-go'))
  await page.waitForSelector(`${at('bulk-result')}, .el-message--success`)
  await go(other, '#/review')
  await other.waitForSelector(at('reviewing'))
  await shoot(other, 'desk-review')
  await other.keyboard.press('r')
  await other.fill(at('reason'), '题干有歧义')
  await shoot(other, 'desk-return')
  await other.click(at('reason-go'))
  await told(other, '已退回')
  await go(other, '#/banks/liuzhou/questions?state=submitted')
  await other.click(at('tick-page'))
  await other.click(at('bulk-approve'))
  await other.click(at('bulk-go'))
  await other.waitForSelector(`${at('bulk-result')}, .el-message--success`)
}

async function published(page, other, shoot) {
  await go(other, '#/banks/liuzhou/publish')
  await other.waitForSelector(at('preview'))
  await other.fill(at('reason'), '八月竞赛启用')
  await shoot(other, 'desk-publish')
  await other.click(at('publish'))
  await confirmed(other, at('versions'))
  await go(page, '#/banks/liuzhou/questions?state=returned')
  await page.click(`${at('questions')} a.stem`)
  await page.waitForSelector(at('reasons'))
  await shoot(page, 'desk-question')
  await page.click(at('large'))
  await page.click('text=看解析')
  await shoot(page, 'desk-question-large')
}

async function everywhere(page, shoot) {
  const PAGES = [
    ['desk-start', '#/', 'tasks'],
    ['desk-account', '#/me', 'change-password'],
    ['desk-staff', '#/staff', 'staff'],
    ['desk-audit', '#/audit', 'audit'],
    ['desk-banks', '#/banks', 'banks'],
    ['desk-questions', '#/banks/kexue/questions', 'questions'],
    ['desk-versions', '#/banks/liuzhou/versions', 'versions'],
    ['desk-settings', '#/banks/liuzhou/settings', 'bank-name'],
  ]
  for (const [name, hash, there] of PAGES) {
    await go(page, hash)
    await page.waitForSelector(at(there))
    await page.waitForLoadState('networkidle')
    await shoot(page, name)
  }
  await page.keyboard.press('?')
  await page.waitForSelector(at('keys'))
  await shoot(page, 'desk-keys')
}

async function atNight(browser, recovery, shoot) {
  const page = await (await browser.newContext({ ...LOOK, colorScheme: 'dark' })).newPage()
  await go(page)
  await page.waitForSelector(at('sign-in'))
  await shoot(page, 'desk-sign-in-dark')
  await signIn(page, 'qinxy', recovery[0])
  await title(page, '覃小燕')
  await go(page, '#/banks/kexue/questions')
  await page.waitForSelector(at('questions'))
  await shoot(page, 'desk-questions-dark')
}

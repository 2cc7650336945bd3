// The first load of the play page as an old phone on a slow line has it: `KEJING_URL=… node measure.mjs` prints one JSON object.
// Interactive: the page's main button is there and takes a click, and the main thread has no long task left before it.
import { createRequire } from 'node:module'

// playwright-core is the browser tests' own.
const require = createRequire(new URL('../../tests/browser/package.json', import.meta.url))
const { chromium } = require('playwright-core')

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const SLOWDOWN = 4
const BYTES_A_SECOND = (1.6e6) / 8
const LATENCY_MS = 150
/** The main thread is free once it has been so long without a task of 50 ms. */
const FREE_MS = 500

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS })
try {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, locale: 'zh-CN' })
  const page = await context.newPage()
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.setCacheDisabled', { cacheDisabled: true })
  await session.send('Network.emulateNetworkConditions', { offline: false, latency: LATENCY_MS, downloadThroughput: BYTES_A_SECOND, uploadThroughput: BYTES_A_SECOND })
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN })
  let bytes = 0
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
  await page.addInitScript(() => {
    window.longTaskEnds = [0]
    new PerformanceObserver((list) => list.getEntries().forEach((task) => window.longTaskEnds.push(task.startTime + task.duration))).observe({ entryTypes: ['longtask'] })
    const look = () => {
      const button = document.querySelector('[data-test=main]:not([disabled])')
      if (button && button.getBoundingClientRect().height > 0) window.buttonAt = performance.now()
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
  await page.goto(`${process.env.KEJING_URL}/`)
  await page.waitForFunction((free) => {
    const busyUntil = Math.max(...window.longTaskEnds, window.buttonAt ?? Infinity)
    return performance.now() - busyUntil > free
  }, FREE_MS)
  const found = await page.evaluate(() => ({
    interactive_ms: Math.max(window.buttonAt, ...window.longTaskEnds),
    button_ms: window.buttonAt,
    first_paint_ms: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null,
  }))
  console.log(JSON.stringify({ ...found, bytes }))
} finally {
  await browser.close()
}

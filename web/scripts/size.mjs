// Fails when a page's first load (its script and style, gzipped) is over its budget. Run after `npm run build`.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** Page, and its budget in bytes: what an old phone on a village network fetches before the first question. */
const BUDGETS = [
  ['index.html', 60 * 1024],
  ['boards.html', 60 * 1024],
  // An office's computer; pages of the desk come one by one.
  ['desk.html', 100 * 1024],
]

const dist = new URL('../dist/', import.meta.url)
let over = false
for (const [page, budget] of BUDGETS) {
  const html = readFileSync(new URL(page, dist), 'utf8')
  // Module scripts, preloaded modules and stylesheets: all that the browser fetches before the page works.
  const files = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((match) => match[1])
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(new URL(file, dist))).length, 0)
  const verdict = bytes > budget ? 'over' : 'within'
  console.log(`${page}: ${(bytes / 1024).toFixed(1)} KB gzip in ${files.length} files, ${verdict} ${budget / 1024} KB`)
  over ||= bytes > budget || files.length === 0
}
process.exitCode = over ? 1 : 0

// A server of a test's own, in a folder in which there is nothing: KEJING_SERVER is the binary. Once it serves, KEJING_URL and KEJING_SETUP say where.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A failing test's patience, not a pace. */
const START_MS = 60_000
export const skip = process.env.KEJING_SERVER === undefined ? 'KEJING_SERVER is not set' : false

/** Serves; gives what ends it, which fails where the server does not stop as it should. */
export async function serveNothing() {
  const folder = await mkdtemp(join(tmpdir(), 'kejing-'))
  const server = spawn(process.env.KEJING_SERVER, ['serve', '--data', 'data', '--listen', '127.0.0.1:0'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = new Promise((done) => server.once('exit', done))
  const end = async () => {
    server.kill('SIGTERM')
    const code = await ended
    await rm(folder, { recursive: true })
    assert.equal(code, 0, 'the server stops as it should')
  }
  try {
    const told = await greeting(server.stdout)
    process.env.KEJING_URL = /http:\/\/127\.0\.0\.1:\d+/.exec(told)[0]
    process.env.KEJING_SETUP = /\/desk#\/setup\/(\S+)/.exec(told)[1]
  } catch (error) {
    await end()
    throw error
  }
  return end
}

/** What the server says until it serves. */
function greeting(out) {
  return new Promise((done, failed) => {
    let told = ''
    const patience = setTimeout(() => failed(new Error(`the server did not start: ${told}`)), START_MS)
    out.on('data', (text) => {
      told += text
      if (!told.includes('Ctrl+C')) return
      clearTimeout(patience)
      done(told)
    })
  })
}

/** Takes a picture of a page under a name where KEJING_PICTURES names a folder for them. */
export const shoot = async (page, name) => process.env.KEJING_PICTURES && page.screenshot({ path: join(process.env.KEJING_PICTURES, `${name}.png`) })

// What the desk's pages call and read is what the server describes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { base } from './phone.mjs'

const WEB = fileURLToPath(new URL('../../web/', import.meta.url))
const API = join(WEB, 'desk/api')

async function description() {
  const response = await fetch(`${base}/api/desk/v1/openapi.json`)
  assert.equal(response.status, 200)
  return response.json()
}

test('each call of the pages is described', async () => {
  const { paths } = await description()
  const nameless = (path) => path.replace(/^\/api\/desk\/v1/, '').replace(/\{[^}]*\}/g, '{}')
  const described = new Set(Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${nameless(path)}`)))
  const METHODS = { get: 'get', post: 'post', put: 'put', patch: 'patch', remove: 'delete', send: 'post', address: 'get' }
  let calls = 0
  for (const file of (await readdir(API)).filter((name) => !/^call\.|types\.ts$/.test(name))) {
    const text = await readFile(join(API, file), 'utf8')
    for (const [, verb, path] of text.matchAll(/\b(get|post|put|patch|remove|send|address)(?:<[^\n]*?>)?\(\s*[`']([^`']+)[`']/g)) {
      calls++
      // `${a}..${b}` is one value of the path.
      const call = `${METHODS[verb]} ${path.replace(/\?.*/, '').replace(/\$\{\w+\}\.\.\$\{\w+\}/g, '{}').replace(/\$\{[^}]*\}/g, '{}')}`
      assert.ok(described.has(call), `${file}: ${call} is not described`)
    }
  }
  assert.ok(calls > 120, `${calls} calls were found`)
})

test('the types of the pages fit the description', async (t) => {
  const folder = await mkdtemp(join(WEB, 'node_modules', '.desk-types-'))
  t.after(() => rm(folder, { recursive: true }))
  const { default: openapi, astToString } = createRequire(join(WEB, 'package.json'))('openapi-typescript')
  // Among other things it refuses two calls of one name.
  await writeFile(join(folder, 'description.ts'), astToString(await openapi(await description())))
  const check = await readFile(new URL('desk-types.ts', import.meta.url), 'utf8')
  await writeFile(join(folder, 'check.ts'), check.replace('PAGES', '../../desk/api/types').replace('DESCRIPTION', './description'))
  const tsc = join(WEB, 'node_modules/typescript/bin/tsc')
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom', '--types', 'vite/client']
  const told = await new Promise((done) => execFile(process.execPath, [tsc, ...flags, join(folder, 'check.ts')], { cwd: WEB }, (_error, stdout) => done(stdout)))
  assert.equal(told, '')
})

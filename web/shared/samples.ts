// For tests: the one sample of each wire message, which the server's tests read, too.
import { readFileSync, readdirSync } from 'node:fs'

const folder = new URL('../../tests/wire/', import.meta.url)

export function sample<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as T
}

export function samplesOf(prefix: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && file.endsWith('.json'))
    .map((file) => file.replace(/\.json$/, ''))
}

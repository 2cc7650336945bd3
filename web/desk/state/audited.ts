// Before and after of an act, as a table of what differs.
import { diffText, type Piece } from './diff'

export interface Difference {
  path: string
  pieces: Piece[]
}

export function differences(before: unknown, after: unknown): Difference[] {
  const a = flat(before)
  const b = flat(after)
  const paths = [...new Set([...a.keys(), ...b.keys()])]
  return paths.filter((path) => a.get(path) !== b.get(path)).map((path) => ({ path, pieces: diffText(a.get(path) ?? '', b.get(path) ?? '') }))
}

function flat(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === undefined || value === null) return into
  if (typeof value !== 'object') into.set(path, String(value))
  else for (const [key, below] of Object.entries(value)) flat(below, path === '' ? key : `${path}.${key}`, into)
  return into
}

// Addresses within the desk: `#/banks/kexue/questions?state=draft`.

export interface Route {
  path: string[]
  query: Record<string, string>
}

export function readRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?')
  try {
    return {
      path: path.split('/').filter(Boolean).map(decodeURIComponent),
      query: Object.fromEntries(new URLSearchParams(search)),
    }
  } catch {
    return { path: [], query: {} }
  }
}

export function writeRoute(path: readonly (string | number)[], query: Record<string, string | number | undefined> = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = pairs.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')
  return `#/${path.map((one) => encodeURIComponent(String(one))).join('/')}${search === '' ? '' : `?${search}`}`
}

/** The values of a pattern's names where the path fits it: `banks/:bank/questions`. */
export function match(pattern: string, path: readonly string[]): Record<string, string> | null {
  const parts = pattern.split('/').filter(Boolean)
  if (parts.length !== path.length) return null
  const found: Record<string, string> = {}
  for (const [place, part] of parts.entries()) {
    const here = path[place]!
    if (part.startsWith(':')) found[part.slice(1)] = here
    else if (part !== here) return null
  }
  return found
}

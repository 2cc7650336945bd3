// Addresses within the page: `#/review/a7Xw93Lm`.

export interface Route {
  screen: string
  id: string
}

export const HOME: Route = { screen: 'home', id: '' }

export function readRoute(hash: string): Route {
  const [screen = '', id = ''] = hash.replace(/^#\/?/, '').split('/')
  if (screen === '') return HOME
  try {
    return { screen, id: decodeURIComponent(id) }
  } catch {
    return HOME
  }
}

export function writeRoute(screen: string, id = ''): string {
  if (screen === 'home') return '#/'
  return id === '' ? `#/${screen}` : `#/${screen}/${encodeURIComponent(id)}`
}

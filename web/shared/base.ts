// Where the server's calls lie: at the top of its address, or under the path of a rehearsal, which is a server of its own to its pages.

/** What stands before `/api` and `/ws` for a page at this path. */
export const baseOf = (path: string): string => /^\/rehearsal\/[a-z2-7]+(?=\/)/.exec(path)?.[0] ?? ''

export const BASE = baseOf(typeof location === 'undefined' ? '' : location.pathname)

// Which questions of a list a bulk act is for: those ticked, or all that the filter finds.

export interface Chosen {
  ids: ReadonlySet<string>
  /** All that the filter finds, also on other pages. */
  all: boolean
}

export const NONE: Chosen = { ids: new Set(), all: false }

export function toggled(chosen: Chosen, id: string): Chosen {
  const ids = new Set(chosen.ids)
  if (!ids.delete(id)) ids.add(id)
  return { ids, all: false }
}

/** The box above the column: ticks the page, or clears what is ticked on it. */
export function pageToggled(chosen: Chosen, page: readonly string[]): Chosen {
  const ids = new Set(chosen.ids)
  if (page.every((id) => ids.has(id))) for (const id of page) ids.delete(id)
  else for (const id of page) ids.add(id)
  return { ids, all: false }
}

export function pageState(chosen: Chosen, page: readonly string[]): 'none' | 'some' | 'all' {
  const ticked = page.filter((id) => chosen.ids.has(id)).length
  return ticked === 0 ? 'none' : ticked === page.length ? 'all' : 'some'
}

/** From the one ticked before to this one, as in any list with Shift. */
export function stretched(chosen: Chosen, page: readonly string[], from: string, to: string): Chosen {
  const [a, b] = [page.indexOf(from), page.indexOf(to)]
  if (a < 0 || b < 0) return toggled(chosen, to)
  const ids = new Set(chosen.ids)
  for (const id of page.slice(Math.min(a, b), Math.max(a, b) + 1)) ids.add(id)
  return { ids, all: false }
}

export const howMany = (chosen: Chosen, total: number) => (chosen.all ? total : chosen.ids.size)

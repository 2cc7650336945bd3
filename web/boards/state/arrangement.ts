// Where each city's tile stands. Not a map: tiles are equal, and only say roughly who is whose neighbour.

export interface Spot {
  /** From 1, as CSS grids count. */
  row: number
  column: number
}

export interface Arrangement {
  rows: number
  columns: number
  spots: ReadonlyMap<string, Spot>
}

/** Guangxi's 14 cities by code, five by five. */
const GUANGXI: Record<string, [row: number, column: number]> = {
  450300: [1, 4],
  451200: [2, 2],
  450200: [2, 3],
  451100: [2, 5],
  451000: [3, 1],
  451300: [3, 3],
  450400: [3, 5],
  451400: [4, 1],
  450100: [4, 2],
  450800: [4, 3],
  450900: [4, 4],
  450600: [5, 2],
  450700: [5, 3],
  450500: [5, 4],
}

/** A known region's own arrangement; any other is a plain grid in the order of codes. */
export function arrange(codes: readonly string[]): Arrangement {
  const known = codes.length === Object.keys(GUANGXI).length && codes.every((code) => code in GUANGXI)
  if (known) {
    const spots = codes.map((code): [string, Spot] => [code, { row: GUANGXI[code]![0], column: GUANGXI[code]![1] }])
    return { rows: 5, columns: 5, spots: new Map(spots) }
  }
  const columns = Math.max(1, Math.min(codes.length, codes.length > 25 ? 6 : codes.length > 9 ? 5 : 3))
  const spots = [...codes]
    .sort()
    .map((code, i): [string, Spot] => [code, { row: Math.floor(i / columns) + 1, column: (i % columns) + 1 }])
  return { rows: Math.max(1, Math.ceil(codes.length / columns)), columns, spots: new Map(spots) }
}

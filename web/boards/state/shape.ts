// From the window's size: a phone, a wide screen or a tall one; how long a unit is; how many rows a page holds.
// A screen never scrolls, so the same arithmetic must hold here and in style/screen.css (its heights in units).

export interface Shape {
  is: 'phone' | 'wide' | 'tall'
  /** Pixels a unit: 1 at 1280×720, 1.5 at 1920×1080. On a phone sizes are plain pixels. */
  unit: number
  /** Rows of the table of cities on one page. */
  cityRows: number
}

/** The short and the long side of the smallest window that is treated as a screen. */
const SCREEN_SHORT = 600
const SCREEN_LONG = 900

/** Units that a screen's table of cities cannot have: margins, head, foot, the row of headings. */
const WIDE_TAKEN = 204
const TALL_TAKEN = 809
/** The least height of a row, in units. */
const ROW_WIDE = 36
const ROW_TALL = 33

export function shapeOf(width: number, height: number): Shape {
  if (Math.min(width, height) < SCREEN_SHORT || Math.max(width, height) < SCREEN_LONG) {
    return { is: 'phone', unit: 1, cityRows: Infinity }
  }
  if (width >= height) {
    const unit = Math.min(width / 1280, height / 720)
    return { is: 'wide', unit, cityRows: rowsIn(height / unit - WIDE_TAKEN, ROW_WIDE) }
  }
  const unit = Math.min(width / 720, height / 1200)
  return { is: 'tall', unit, cityRows: rowsIn(height / unit - TALL_TAKEN, ROW_TALL) }
}

const rowsIn = (units: number, row: number) => Math.max(5, Math.floor(units / row))

/** Where the tiles of the wall stand: one in focus, large, at the upper left; the others around it. */

export interface WallLayout {
  columns: number
  rows: number
  /** Cells that the focus takes. */
  focus: { columns: number; rows: number }
}

/** By how many there are at most; the first that has room counts. */
const wide: readonly (WallLayout & { most: number })[] = [
  { most: 1, columns: 1, rows: 1, focus: { columns: 1, rows: 1 } },
  { most: 3, columns: 3, rows: 2, focus: { columns: 2, rows: 2 } },
  { most: 6, columns: 3, rows: 3, focus: { columns: 2, rows: 2 } },
  { most: 7, columns: 4, rows: 3, focus: { columns: 3, rows: 2 } },
  { most: 10, columns: 5, rows: 3, focus: { columns: 3, rows: 2 } },
]
const narrow = 900
const narrowest = 560

/** `width` in CSS px. What has no room in sight scrolls. */
export function wallLayout(count: number, width: number): WallLayout {
  if (count <= 1) return { columns: 1, rows: 1, focus: { columns: 1, rows: 1 } }
  if (width < narrow) {
    const columns = width < narrowest ? 1 : 2
    return { columns, rows: 2 + Math.ceil((count - 1) / columns), focus: { columns, rows: 2 } }
  }
  const found = wide.find(({ most }) => count <= most)
  if (found !== undefined) return { columns: found.columns, rows: found.rows, focus: found.focus }
  return { columns: 5, rows: 3 + Math.ceil((count - 10) / 5), focus: { columns: 3, rows: 2 } }
}

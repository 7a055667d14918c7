/** Columns of `data-table.vue`. */

/** Below this many rows a plain table is quicker and lets the page's own search find everything. */
export const virtualFrom = 200

export interface DataColumn<Row> {
  /** Also the name of the cell's slot. */
  key: string
  title: string
  /** What is shown without a slot and what is sorted by. */
  value?: (row: Row) => string | number | null
  sortable?: boolean
  /** Right-aligned with tabular digits: numbers. */
  end?: boolean
  class?: string
  /** The title is for screen readers only, e.g. over a column of buttons. */
  hiddenTitle?: boolean
}

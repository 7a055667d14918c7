/** Rows as CSV (RFC 4180), for whoever has to show them to somebody. */

export type Cell = string | number | boolean | readonly string[] | null

export function csvOf<Column extends string>(columns: readonly Column[], rows: readonly Readonly<Record<Column, Cell>>[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => textOf(row[column])))]
    .map((cells) => cells.map(quoted).join(','))
    .join('\r\n')
}

function textOf(cell: Cell): string {
  return cell === null ? '' : Array.isArray(cell) ? cell.join(' ') : String(cell)
}

function quoted(cell: string): string {
  // A spreadsheet takes a cell that begins so for a formula, and a name from outside may be anything.
  const plain = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

/** What an operation answers with, while it is edited. */
import type { OperationOutput, Picked } from '../../../../server/browsers/contract/index.ts'
import type { Operation } from './steps-draft.ts'

export const outputKinds = {
  text: 'A text',
  list: 'A list of texts',
  table: 'A table',
  file: 'A file that a click downloads',
} as const
export type OutputKind = keyof typeof outputKinds

export type Columns = Extract<OperationOutput, { table: string }>['columns']

export function kindOfOutput(read: Operation['read']): OutputKind {
  if (typeof read === 'string' || 'text' in read) return 'text'
  return 'list' in read ? 'list' : 'table' in read ? 'table' : 'file'
}

/** Where it stands. */
export function selectorOfOutput(read: Operation['read']): string {
  if (typeof read === 'string') return read
  if ('text' in read) return read.text
  return 'list' in read ? read.list : 'table' in read ? read.table : read.file
}

export const columnsOf = (read: Operation['read']): Columns => (typeof read === 'object' && 'columns' in read ? read.columns : {})

/** What is not said yet; null where it is complete. */
export function missingIn(read: Operation['read']): string | null {
  const columns = Object.values(columnsOf(read))
  if (selectorOfOutput(read) === '') return 'say what it reads'
  return kindOfOutput(read) === 'table' && columns.length === 0 ? 'a table has columns' : null
}

/** Of another kind, or at another place; the columns of a table stay. */
export function outputAs(kind: OutputKind, selector: string, columns: Columns): Operation['read'] {
  if (kind === 'text') return selector
  if (kind === 'list') return { list: selector }
  return kind === 'file' ? { file: selector } : { table: selector, columns }
}

/** With the column in which somebody has clicked, and its rows. */
export function withPickedColumn(read: Operation['read'], { row, text }: Picked): Operation['read'] {
  if (row === null) return read
  const columns = columnsOf(read)
  const known = Object.values(columns).some(({ cell }) => cell === row.cell)
  const kind = /^\D?[\d.,'\s]*\d\D?$/.test(text) ? 'number' : 'text'
  const added = known ? {} : { [freeName(row.head, Object.keys(columns))]: { cell: row.cell, kind } as const }
  return { table: row.selector, columns: { ...columns, ...added } }
}

/** A field's name out of words, e.g. `free_places`; one that none has yet. */
export function freeName(words: string, taken: readonly string[]): string {
  const plain = words
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^[_0-9]+|_+$/g, '')
    .slice(0, 36)
  const name = plain === '' ? `column_${taken.length + 1}` : plain
  if (!taken.includes(name)) return name
  for (let number = 2; ; number += 1) if (!taken.includes(`${name}_${number}`)) return `${name}_${number}`
}

/** With a key in another name, at the place that it has. */
export const renamed = <Value>(all: Readonly<Record<string, Value>>, from: string, to: string): Record<string, Value> =>
  Object.fromEntries(Object.entries(all).map(([name, value]) => [name === from ? to : name, value]))

export const without = <Value>(all: Readonly<Record<string, Value>>, name: string): Record<string, Value> =>
  Object.fromEntries(Object.entries(all).filter(([one]) => one !== name))

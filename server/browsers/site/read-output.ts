/** Reads from a page what an operation answers with. */
import type { Page } from 'puppeteer-core'
import type { OperationOutput, SiteOperation } from '../contract/site-profile.ts'
import { ask, find, framesOf, isPlainCss } from '../page/find.ts'
import { fillSelector, type Values } from '../steps/fill-in.ts'
import { readDate, readNumber } from './cells.ts'

export type Cell = string | number | null
export type Row = Record<string, Cell>
/** What a click downloaded. */
export interface OutputFile {
  file: string
  name: string
}
export type Output = string | string[] | Row[] | OutputFile

/** Rows and entries beyond this are left out. */
const mostRows = 5_000

/** A selector alone is the element whose text it is. */
export const outputOf = ({ read }: Pick<SiteOperation, 'read'>): OperationOutput => (typeof read === 'string' ? { text: read } : read)

export const isEmpty = (output: Output | null): boolean => output === null || (Array.isArray(output) && output.length === 0)

/** What an operation answers where there is nothing: a list has no entries, anything else is not there. */
export function emptyOf(operation: Pick<SiteOperation, 'read'>): Output | null {
  const output = outputOf(operation)
  return 'list' in output || 'table' in output ? [] : null
}

export function fillOutput(output: OperationOutput, values: Values): OperationOutput {
  const filled = (selector: string): string => fillSelector(selector, values)
  if ('text' in output) return { text: filled(output.text) }
  if ('list' in output) return { list: filled(output.list) }
  if ('file' in output) return { file: filled(output.file) }
  const columns = Object.entries(output.columns).map(([name, column]) => [name, { ...column, cell: filled(column.cell) }])
  return { table: filled(output.table), columns: Object.fromEntries(columns) as typeof output.columns }
}

/** Null where there is nothing now. A file is not read here: it is fetched. */
export async function readOutput(page: Page, output: OperationOutput): Promise<Output | null> {
  if ('text' in output) return readText(page, output.text)
  if ('list' in output)
    return (await readRows(page, output.list, { it: '' })).flatMap(({ it }) => (it === null || it === undefined ? [] : [it]))
  if ('file' in output) return null
  const cells = Object.fromEntries(Object.entries(output.columns).map(([name, { cell }]) => [name, cell]))
  const rows = await readRows(page, output.table, cells)
  return rows.map((row) =>
    Object.fromEntries(Object.entries(output.columns).map(([name, { kind }]) => [name, readCell(row[name] ?? null, kind)])),
  )
}

function readCell(text: string | null, kind: 'text' | 'number' | 'date'): Cell {
  if (text === null || text === '') return null
  if (kind === 'number') return readNumber(text)
  return kind === 'date' ? readDate(text) : text
}

async function readText(page: Page, selector: string): Promise<string | null> {
  const found = await find(page, selector, { hidden: true })
  if (found === null) return null
  const text = await ask(page, found.frame, () => found.element.evaluate(textOf))
  found.element.dispose().catch(() => undefined)
  return text === '' ? null : text
}

/** Of the first frame that has any; an empty cell's selector means the row itself. */
async function readRows(page: Page, rows: string, cells: Readonly<Record<string, string>>): Promise<Record<string, string | null>[]> {
  for (const frame of framesOf(page)) {
    const read = await ask(page, frame, async () => {
      if (isPlainCss(rows) && Object.values(cells).every(isPlainCss)) return frame.evaluate(readAll, rows, cells, mostRows)
      const found: Record<string, string | null>[] = []
      for (const row of (await frame.$$(rows)).slice(0, mostRows)) {
        const entry: Record<string, string | null> = {}
        for (const [name, cell] of Object.entries(cells)) {
          const element = cell === '' ? row : await row.$(cell)
          entry[name] = (await element?.evaluate((node) => (node instanceof HTMLElement ? node.innerText.trim() : ''))) ?? null
        }
        found.push(entry)
      }
      return found
    })
    if (read !== null && read.length > 0) return read
  }
  return []
}

// These run inside the page.

const textOf = (element: HTMLElement): string => ('value' in element ? String(element.value) : element.innerText).trim()

function readAll(rows: string, cells: Readonly<Record<string, string>>, most: number): Record<string, string | null>[] {
  const said = (element: HTMLElement | null): string | null => {
    if (element === null) return null
    if (element instanceof HTMLTimeElement && element.dateTime !== '') return element.dateTime
    const within = element.querySelector<HTMLTimeElement>('time[datetime]')
    if (within !== null && within.textContent?.trim() === element.textContent?.trim()) return within.dateTime
    return ('value' in element && !(element instanceof HTMLLIElement) ? String(element.value) : element.innerText).trim()
  }
  return [...document.querySelectorAll<HTMLElement>(rows)].slice(0, most).map((row) => {
    const entries = Object.entries(cells).map(([name, cell]) => [name, said(cell === '' ? row : row.querySelector<HTMLElement>(cell))])
    return Object.fromEntries(entries) as Record<string, string | null>
  })
}

/** Which of several that are alike an element stands in: the row of a table, the entry of a list, a card among cards. */
import type { Picked } from '../contract/trial.ts'

/** Runs inside the page, so it must stand on its own; `name` is what names elements. Null where nothing around it has another beside it. */
export function rowOf(element: Element, name: (element: Element) => string[]): Picked['row'] {
  const isPlain = (selector: string): boolean => !/^(text|aria|xpath|pierce)\/|>>>|::-p-/.test(selector)
  const classesOf = (one: Element): string[] => [...one.classList].filter((each) => /^[a-z][a-z-]*$/i.test(each))
  const alikeOf = (one: Element): Element[] =>
    [...(one.parentElement?.children ?? [])].filter(
      (other) =>
        other.localName === one.localName && (one.localName !== 'div' || classesOf(one).some((each) => other.classList.contains(each))),
    )
  const isRow = (one: Element): boolean =>
    ['tr', 'li'].includes(one.localName) ||
    (['div', 'article', 'section'].includes(one.localName) && classesOf(one).length > 0 && alikeOf(one).length > 2)
  let row: Element | null = element
  while (row !== null && row !== document.body && !isRow(row)) row = row.parentElement
  const around = row?.parentElement ?? null
  if (row === null || around === null || row === document.body) return null
  const outer = name(around).find(isPlain)
  if (outer === undefined) return null
  const same = alikeOf(row)
  const shared = classesOf(row).find((each) => same.every((other) => other.classList.contains(each)))
  const kind = row.localName === 'div' ? `.${shared ?? classesOf(row)[0] ?? ''}` : row.localName

  const path: string[] = []
  for (let one: Element | null = element; one !== null && one !== row; one = one.parentElement) {
    const alone = classesOf(one).find((each) => row.querySelectorAll(`.${each}`).length === 1)
    if (alone !== undefined && !['td', 'th'].includes(one.localName)) {
      path.unshift(`.${alone}`)
      break
    }
    const place = [...(one.parentElement?.children ?? [])].indexOf(one) + 1
    path.unshift(`${one.localName}:nth-child(${place})`)
  }
  const cell = element.closest('td, th')
  const heads = row.closest('table')?.querySelectorAll('thead th, tr:first-child th')
  const head = cell instanceof HTMLTableCellElement ? heads?.[cell.cellIndex] : undefined
  return { selector: `${outer} > ${kind}`, cell: path.join(' > '), head: (head?.textContent ?? '').replace(/\s+/g, ' ').trim() }
}

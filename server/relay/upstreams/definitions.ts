/** Definitions of what servers offer, compared: whether they are the same, whether only their texts differ, and line by line. */
import { createHash } from 'node:crypto'

export interface DefinitionLine {
  kind: 'same' | 'removed' | 'added'
  text: string
}

/** The same for the same definition, in whatever order the server writes its fields. */
export function hashOf(definition: object): string {
  return createHash('sha256').update(JSON.stringify(definition, sortedKeys)).digest('base64url')
}

/**
 * Whether nothing differs but what is only read by people and models: titles and descriptions, in schemas too. Names, schemas, hints and
 * addresses are the rest.
 */
export function differOnlyInTexts(one: object, other: object): boolean {
  return hashOf(withoutTexts(one)) === hashOf(withoutTexts(other))
}

/** A line for each field, short values in one; what two definitions share stands once. */
export function definitionChange(before: object | null, now: object): DefinitionLine[] {
  const after = linesOf(now)
  if (before === null) return after.map((text) => ({ kind: 'same', text }))
  return compared(linesOf(before), after)
}

const texts = new Set(['title', 'description', '$comment', '_meta', 'icons'])
/** What stands in these is a value, not a schema: a text in it is part of what is agreed to. */
const values = new Set(['const', 'default', 'enum', 'examples'])
/** The keys in these are names that the server chose. */
const named = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])

function withoutTexts(value: object, keysAreNames = false): object {
  if (Array.isArray(value)) return value.map((each: unknown) => (isObject(each) ? withoutTexts(each) : each))
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]: [string, unknown]): [string, unknown][] => {
      if (!keysAreNames && texts.has(key)) return []
      if (!isObject(each) || (!keysAreNames && values.has(key))) return [[key, each]]
      return [[key, withoutTexts(each, !keysAreNames && named.has(key))]]
    }),
  )
}

const first = ['name', 'uri', 'uriTemplate', 'title', 'description', 'annotations', 'inputSchema', 'outputSchema']
const shortLine = 72

function linesOf(definition: object): string[] {
  const order = (key: string): number => (first.includes(key) ? first.indexOf(key) : first.length)
  const entries = Object.entries(definition).sort(([a], [b]) => order(a) - order(b) || (a < b ? -1 : 1))
  return entries.flatMap(([key, value], index) => ended(fieldLines(key, value, ''), index < entries.length - 1))
}

function fieldLines(key: string, value: unknown, indent: string): string[] {
  const [head = '', ...rest] = valueLines(value, indent)
  return [`${indent}${JSON.stringify(key)}: ${head}`, ...rest]
}

function valueLines(value: unknown, indent: string): string[] {
  if (!isObject(value)) return [JSON.stringify(value) ?? 'null']
  // What holds nothing but plain values is read in one line; a change within a schema then marks that line and not the whole schema.
  const short = Object.values(value).some(isObject) ? null : inOneLine(value)
  if (short !== null && short.length <= shortLine) return [short]
  const deeper = `${indent}  `
  if (Array.isArray(value)) {
    const items = value.flatMap((each: unknown, index) => {
      const [head = '', ...rest] = valueLines(each, deeper)
      return ended([`${deeper}${head}`, ...rest], index < value.length - 1)
    })
    return ['[', ...items, `${indent}]`]
  }
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  const fields = entries.flatMap(([key, each], index) => ended(fieldLines(key, each, deeper), index < entries.length - 1))
  return ['{', ...fields, `${indent}}`]
}

function inOneLine(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(', ')}]`
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? '{}' : `{ ${entries.map(([key, each]) => `${JSON.stringify(key)}: ${inOneLine(each)}`).join(', ')} }`
}

function ended(lines: string[], comma: boolean): string[] {
  return comma ? [...lines.slice(0, -1), `${lines.at(-1) ?? ''},`] : lines
}

/** Definitions of more lines than this are not worth the time it takes to find what they share. */
const longest = 2_000

/** A field that another one follows now is the same field. */
function bare(line: string): string {
  return line.replace(/,$/, '')
}

/** By the longest run of lines that both have. */
function compared(before: readonly string[], after: readonly string[]): DefinitionLine[] {
  const removed = (text: string): DefinitionLine => ({ kind: 'removed', text })
  const added = (text: string): DefinitionLine => ({ kind: 'added', text })
  if (before.length > longest || after.length > longest) return [...before.map(removed), ...after.map(added)]
  // Once for each line: of pairs of lines there are millions.
  const [olds, freshes] = [before.map(bare), after.map(bare)]
  const width = after.length + 1
  const shared = new Uint16Array((before.length + 1) * width)
  const at = (row: number, column: number): number => shared[row * width + column] ?? 0
  for (let row = before.length - 1; row >= 0; row -= 1)
    for (let column = after.length - 1; column >= 0; column -= 1)
      shared[row * width + column] =
        olds[row] === freshes[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
  const lines: DefinitionLine[] = []
  let [row, column] = [0, 0]
  while (row < before.length || column < after.length) {
    const [old, fresh] = [before[row], after[column]]
    if (fresh !== undefined && olds[row] === freshes[column]) {
      lines.push({ kind: 'same', text: fresh })
      row += 1
      column += 1
    } else if (old !== undefined && (fresh === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(removed(old))
      row += 1
    } else {
      lines.push(added(fresh ?? ''))
      column += 1
    }
  }
  return lines
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

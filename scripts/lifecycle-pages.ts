/**
 * Writes `docs/lifecycles/` from the tables of `server/`: `node scripts/lifecycle-pages.ts`. A test fails while a page is older than its
 * table.
 */
import { globSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { LifecycleTable } from '../server/lifecycle.ts'

const root = join(import.meta.dirname, '..')
export const pagesFolder = join(root, 'docs/lifecycles')

// Each table has states and events of its own; here they are all alike.
type AnyTable = LifecycleTable<string, string, unknown>

/** Every table that a file named `…lifecycle.ts` exports, by the name of its page. */
export async function lifecyclePages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>()
  for (const file of globSync('server/**/*lifecycle.ts', { cwd: root }).toSorted()) {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(root, file)).href)
    for (const table of Object.values(exported).filter(isTable)) pages.set(`${table.name.replaceAll(' ', '-')}.md`, page(table, file))
  }
  return pages
}

function isTable(value: unknown): value is AnyTable {
  return typeof value === 'object' && value !== null && 'transitions' in value && 'states' in value && 'initial' in value
}

function page(table: AnyTable, file: string): string {
  const states = Object.entries(table.states).map(([state, meaning]) => `| \`${state}\` | ${meaning} |`)
  const cells = Object.entries(table.transitions).flatMap(([from, events]) =>
    Object.entries(events).flatMap(([event, transition]) => (transition === undefined ? [] : [{ from, event, ...transition }])),
  )
  const reasons = cells.map(
    ({ from, event, to, why }) => `| \`${from}\` | ${event} | ${to.map((state) => `\`${state}\``).join(', ')} | ${why} |`,
  )
  return `# The life of ${/^[aeiou]/.test(table.name) ? 'an' : 'a'} ${table.name}

Made from [\`${file}\`](../../${file}) by \`node scripts/lifecycle-pages.ts\`. What is not in the table cannot happen: it changes nothing and is reported.

\`\`\`mermaid
stateDiagram-v2
${diagram(table, cells).join('\n')}
\`\`\`

| state | means |
| --- | --- |
${states.join('\n')}

| from | event | to | why |
| --- | --- | --- | --- |
${reasons.join('\n')}
`
}

/** One arrow per pair of states, with all its events on it; an event that changes nothing is in the table below the drawing alone. */
function diagram(table: AnyTable, cells: { from: string; event: string; to: readonly string[] }[]): string[] {
  const arrows = new Map<string, string[]>()
  for (const { from, event, to } of cells) {
    for (const state of to) {
      if (state === from) continue
      const arrow = `${identifier(from)} --> ${identifier(state)}`
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), event])
    }
  }
  const ends = Object.entries(table.transitions).filter(([, events]) => Object.keys(events).length === 0)
  return [
    ...Object.keys(table.states).map((state) => `  state "${state}" as ${identifier(state)}`),
    `  [*] --> ${identifier(table.initial)}`,
    ...[...arrows].map(([arrow, events]) => `  ${arrow}: ${events.join(', ')}`),
    ...ends.map(([state]) => `  ${identifier(state)} --> [*]`),
  ]
}

/** Mermaid takes a hyphen in a name for the beginning of an arrow. */
const identifier = (state: string): string => state.replaceAll(/[^a-zA-Z0-9]/g, '_')

if (import.meta.main) {
  const pages = await lifecyclePages()
  mkdirSync(pagesFolder, { recursive: true })
  for (const old of readdirSync(pagesFolder)) if (!pages.has(old)) rmSync(join(pagesFolder, old))
  for (const [name, text] of pages) writeFileSync(join(pagesFolder, name), text)
}

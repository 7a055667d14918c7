/** What a person types about a session, as the relay takes it. */
import type { CatalogueServer } from '../../../server/relay/contract/index.ts'
import { namedLines } from './server-form.ts'

/** A limit as typed; null for none. Throws for what is no whole number. */
export function limitOf(value: string): number | null {
  if (value.trim() === '') return null
  const limit = Number(value)
  if (!Number.isInteger(limit) || limit < 0) throw new Error('A limit is a whole number')
  return limit
}

/** Lines of `shown = new`. Throws for a line without one. */
export function renamesOf(text: string): Record<string, string> {
  return namedLines(text, '=')
}

export function linesOfRenames(renames: Readonly<Record<string, string>>): string {
  return Object.entries(renames)
    .map(([shown, name]) => `${shown} = ${name}`)
    .join('\n')
}

/** The names under which a session shows the tools of these servers; of all but the built-in one when none is named. */
export function sessionToolNames(
  servers: readonly Pick<CatalogueServer, 'id' | 'name' | 'enabled' | 'transport' | 'toolList'>[],
  chosen: readonly string[],
): string[] {
  const reached = servers.filter(({ id, enabled, transport }) =>
    chosen.length === 0 ? enabled && transport !== 'built-in' : chosen.includes(id),
  )
  return reached.flatMap(({ name, toolList }) => toolList.map((tool) => (reached.length === 1 ? tool.name : `${name}__${tool.name}`)))
}

/** What a person types about a session, as the relay takes it. */
import type { CatalogueServer, SessionPolicy } from '../../../server/relay/contract/index.ts'
import { namedLines } from './server-form.ts'

/** A limit as typed; null for none. Throws for what is no whole number. */
export function limitOf(value: string): number | null {
  if (value.trim() === '') return null
  const limit = Number(value)
  if (!Number.isInteger(limit) || limit < 0) throw new Error('A limit is a whole number')
  return limit
}

/** A limit as chosen; null for none. One that allows nothing stays so until something is chosen. */
export function chosenOrAll<Value>(chosen: readonly Value[], before: readonly unknown[] | null | undefined): Value[] | null {
  return chosen.length > 0 || before?.length === 0 ? [...chosen] : null
}

type Named = Pick<CatalogueServer, 'id' | 'name'>
type Renames = SessionPolicy['renames']
const promptMark = 'prompt '

/** Lines of `server/tool = new`, of a prompt `prompt server/name = new`. Throws for a line without one, or of no server. */
export function renamesOf(text: string, servers: readonly Named[]): Renames {
  return Object.entries(namedLines(text, '=')).map(([what, as]) => {
    const kind = what.startsWith(promptMark) ? 'prompt' : 'tool'
    const path = kind === 'prompt' ? what.slice(promptMark.length).trim() : what
    // A server's name has no slash; a tool's may have.
    const at = path.indexOf('/')
    const server = servers.find(({ name }) => name === path.slice(0, at))
    if (server === undefined) throw new Error(`“${path}” is not server/tool with a server there is`)
    return { kind, upstream: server.id, name: path.slice(at + 1), as }
  })
}

/** A server that is gone stands there by its id, and its line with it. */
export function linesOfRenames(renames: Renames, servers: readonly Named[]): string {
  return renames
    .map(({ kind, upstream, name, as }) => `${kind === 'prompt' ? promptMark : ''}${serverName(servers, upstream)}/${name} = ${as}`)
    .join('\n')
}

function serverName(servers: readonly Named[], id: string): string {
  return servers.find((server) => server.id === id)?.name ?? id
}

/** An entry of a list to choose from; the value names server and tool, since two servers may have a tool of one name. */
export interface ToolChoice {
  label: string
  value: string
}

export function valueOfTool({ upstream, name }: { upstream: string; name: string }): string {
  return `${upstream} ${name}`
}

export function toolOfValue(value: string): { upstream: string; name: string } {
  const at = value.indexOf(' ')
  return { upstream: value.slice(0, at), name: value.slice(at + 1) }
}

/** The tools that a session of these servers can be given; of all but the built-in one when none is named. */
export function toolChoices(
  servers: readonly Pick<CatalogueServer, 'id' | 'name' | 'enabled' | 'transport' | 'toolList'>[],
  chosen: readonly string[],
): ToolChoice[] {
  const reached = servers.filter(({ id, enabled, transport }) =>
    chosen.length === 0 ? enabled && transport !== 'built-in' : chosen.includes(id),
  )
  return reached.flatMap(({ id, name: server, toolList }) =>
    toolList.map(({ name }) => ({
      label: reached.length === 1 ? name : `${server} · ${name}`,
      value: valueOfTool({ upstream: id, name }),
    })),
  )
}

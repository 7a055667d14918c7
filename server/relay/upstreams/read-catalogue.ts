/** What an MCP server offers, read in whole. */
import type { UpstreamConnection } from './connection.ts'
import type { ToolDefinition } from './store.ts'

export interface Catalogue {
  tools: ToolDefinition[]
  resources: Offered[]
  resourceTemplates: Offered[]
  prompts: Offered[]
}

/** Anything that is listed by name or address; the rest passes through. */
export interface Offered {
  name?: string
  uri?: string
  uriTemplate?: string
  [more: string]: unknown
}

const listTimeout = 10_000
/** A server whose pages never end is cut here. */
const maxPages = 64

const lists = {
  tools: { method: 'tools/list', field: 'tools', capability: 'tools' },
  resources: { method: 'resources/list', field: 'resources', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', field: 'resourceTemplates', capability: 'resources' },
  prompts: { method: 'prompts/list', field: 'prompts', capability: 'prompts' },
} as const

/** Lists the server does not have are empty; one that fails makes the whole reading fail, except the optional templates. */
export async function readCatalogue(connection: UpstreamConnection, parts: ReadonlySet<keyof Catalogue>): Promise<Partial<Catalogue>> {
  const read = await Promise.all(
    [...parts].map(async (part) => {
      const { method, field, capability } = lists[part]
      if (connection.capabilities[capability] === undefined) return [part, []] as const
      try {
        return [part, await readPages(connection, method, field)] as const
      } catch (error) {
        if (part === 'resourceTemplates') return [part, []] as const
        throw error
      }
    }),
  )
  // Each list holds what its field's name says; servers are not checked for more than being lists of objects.
  return Object.fromEntries(read) as Partial<Catalogue>
}

async function readPages(connection: UpstreamConnection, method: string, field: string): Promise<Offered[]> {
  const items: Offered[] = []
  let cursor: string | undefined
  for (let page = 0; page < maxPages; page += 1) {
    const result = await connection.request({ method, params: cursor === undefined ? {} : { cursor } }, { timeout: listTimeout })
    const listed = result[field]
    if (!Array.isArray(listed)) throw new TypeError(`${method} was answered without ${field}`)
    items.push(...listed.filter((item): item is Offered => typeof item === 'object' && item !== null))
    if (typeof result['nextCursor'] !== 'string' || result['nextCursor'] === '') break
    cursor = result['nextCursor']
  }
  return items
}

/** One list of an MCP server, read page after page to its end. */
import type { UpstreamConnection } from './connection.ts'
import { readable, type ListName, type Offered } from './readable.ts'

export type { ListName, Offered } from './readable.ts'

const lists = {
  tools: { method: 'tools/list', field: 'tools', capability: 'tools' },
  resources: { method: 'resources/list', field: 'resources', capability: 'resources' },
  resourceTemplates: { method: 'resources/templates/list', field: 'resourceTemplates', capability: 'resources' },
  prompts: { method: 'prompts/list', field: 'prompts', capability: 'prompts' },
} as const satisfies Record<ListName, object>

export const listNames = ['tools', 'resources', 'resourceTemplates', 'prompts'] as const satisfies readonly ListName[]

/** Far more than any client can use; a page counts as one, so that empty pages come to an end as well. */
const mostItems = 50_000

export interface ReadList {
  items: readonly Offered[]
  /** Why the list is not whole, in words for a person; null when it is. */
  cut: string | null
}

/** Null for a list that the server does not have. Throws what it answers, and when a page takes longer than `timeout` ms. */
export async function readList(
  connection: Pick<UpstreamConnection, 'capabilities' | 'request'>,
  list: ListName,
  { timeout, mostAtAll = mostItems }: { timeout: number; mostAtAll?: number },
): Promise<ReadList | null> {
  const { method, field, capability } = lists[list]
  if (connection.capabilities[capability] === undefined) return null
  const items: Offered[] = []
  const seen = new Set<string>()
  let nameless = 0
  let cursor: string | undefined
  for (;;) {
    const page = await askPage(connection, list, method, cursor, timeout)
    if (page === null) return null
    const listed = page[field]
    if (!Array.isArray(listed)) throw new TypeError(`${method} was answered without ${field}`)
    for (const item of listed) {
      const offered = readable(list, item)
      if (offered === null) nameless += 1
      else items.push(offered)
    }
    const next = page['nextCursor']
    if (typeof next !== 'string' || next === '')
      return { items, cut: nameless === 0 ? null : `${nameless} that nobody can ask for, without a name or an address, are left out` }
    if (items.length + seen.size >= mostAtAll)
      return { items: items.slice(0, mostAtAll), cut: `It lists more than ${mostAtAll}: the rest is left out` }
    if (seen.has(next)) return { items, cut: 'Its pages lead back to one that was read already: what may come behind is left out' }
    seen.add(next)
    cursor = next
  }
}

/** Null where the server has resources and knows nothing of templates: that is no fault. */
async function askPage(
  connection: Pick<UpstreamConnection, 'request'>,
  list: ListName,
  method: string,
  cursor: string | undefined,
  timeout: number,
): Promise<Record<string, unknown> | null> {
  try {
    return await connection.request({ method, params: cursor === undefined ? {} : { cursor } }, { timeout })
  } catch (error) {
    if (list === 'resourceTemplates' && error instanceof Error && 'code' in error && error.code === methodNotFound) return null
    throw error
  }
}
const methodNotFound = -32_601

/** The lines of the table of tools: each server's head, then its tools, prompts and resources unless it is folded. */
import type { CatalogueServer, OfferedItem, RelayTool } from '../../../../server/relay/contract/index.ts'

/** Both null for the head of a server. */
export interface Line {
  server: CatalogueServer
  tool: RelayTool | null
  item: OfferedItem | null
}

export function linesOf(servers: readonly CatalogueServer[], search: string, folded: ReadonlySet<string>): Line[] {
  const text = search.trim().toLowerCase()
  const matches = ({ name, description }: { name: string; description: string }): boolean =>
    text === '' || name.toLowerCase().includes(text) || description.toLowerCase().includes(text)
  return servers.flatMap((server): Line[] => {
    const tools = server.toolList.filter(matches).map((tool) => ({ server, tool, item: null }))
    const items = server.itemList.filter(matches).map((item) => ({ server, tool: null, item }))
    if (text !== '' && tools.length + items.length === 0) return []
    return [{ server, tool: null, item: null }, ...(folded.has(server.id) ? [] : [...tools, ...items])]
  })
}

export function isOn({ enabled, quarantined }: { enabled: boolean; quarantined: boolean }): boolean {
  return enabled && !quarantined
}

/** A person has added something to it. */
export function isHandled({ handling }: Pick<RelayTool, 'handling'>): boolean {
  return handling.note !== null || handling.description !== null || handling.arguments.length > 0
}

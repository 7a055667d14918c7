/** Wheelhouse itself as an MCP server: tools that the other rooms give, each with its schema, its hints and a line in the audit trail. */
import type { EventSink } from '../events/event.ts'
import type { z } from 'zod'
import type { BuiltInServer } from './upstreams.ts'

export type HouseContent = { type: 'text'; text: string } | { type: 'image'; data: string; mimeType: string }

/** One thing a room lets an MCP client do. */
export interface HouseTool<Input extends z.ZodObject = z.ZodObject> {
  /** `thing_verb`, e.g. `browser_open`. */
  name: string
  title: string
  description: string
  input: Input
  /** Changes nothing; all others have to be switched on for a session by name. */
  readOnly: boolean
  destructive?: boolean
  /** `progress` tells a client that asked for it how far the work is. */
  run(input: z.output<Input>, call: { actor: string; signal: AbortSignal; progress(done: number, total: number, message: string): Promise<void> }): Promise<HouseContent[]> | HouseContent[]
}

/** Keeps the type of the input for `run` while tools of all kinds stand in one list. */
export function houseTool<Input extends z.ZodObject>(tool: HouseTool<Input>): HouseTool {
  // `run` is only ever called with what `input` has parsed.
  return tool
}

/** Where the gateway writes which session calls; a client's own value is overwritten. */
export const callerKey = 'wheelhouse/session'

export function createWheelhouse(tools: readonly HouseTool[], events: EventSink): BuiltInServer {
  return {
    name: 'wheelhouse',
    async connect() {
      const [{ InMemoryTransport, McpServer }, { version }] = await Promise.all([import('@modelcontextprotocol/server'), import('../version.ts')])
      const server = new McpServer({ name: 'wheelhouse', title: 'Wheelhouse', version }, { instructions: 'Browsers, bots, brokers and logins of this machine’s Wheelhouse.' })
      for (const { name, title, description, input, readOnly, destructive = false, run } of tools) {
        const annotations = { title, readOnlyHint: readOnly, destructiveHint: destructive, openWorldHint: !readOnly }
        server.registerTool(name, { title, description, inputSchema: input, annotations }, async (given, { mcpReq }) => {
          const actor = `relay:${String(mcpReq._meta?.[callerKey] ?? 'unknown')}`
          const token = mcpReq._meta?.progressToken
          const progress = async (done: number, total: number, message: string): Promise<void> => {
            if (token !== undefined) await mcpReq.notify({ method: 'notifications/progress', params: { progressToken: token, progress: done, total, message } })
          }
          try {
            const content = await run(given, { actor, signal: mcpReq.signal, progress })
            events.emit({ room: 'relay', type: 'tool-used', title, subject: name, actor, tone: 'neutral', data: { readOnly } })
            return { content }
          } catch (error) {
            events.emit({ room: 'relay', type: 'tool-failed', title: `${title} failed`, subject: name, actor, tone: 'attention', data: { readOnly } })
            // Said in the result, where the model can read it and do better.
            return { isError: true, content: [{ type: 'text', text: error instanceof Error ? error.message : String(error) }] }
          }
        })
      }
      const [here, there] = InMemoryTransport.createLinkedPair()
      await server.connect(there)
      return here
    },
  }
}

/** A port's MCP servers on one loopback port, one path each: what they were asked is kept, and a call answers its arguments. */
import { createServer } from 'node:http'
import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { listenOnLoopback, stopServer } from '../fixtures/loopback.ts'
import { portTools, type PortTool } from '../fixtures/tools/port-tools.ts'

export interface PortHouse {
  servers: readonly string[]
  urlOf(server: string): string
  /** Calls that reached a server. */
  calls: { server: string; name: string; args: unknown }[]
  stop(): Promise<void>
}

export async function openPortHouse(tools: readonly PortTool[] = portTools): Promise<PortHouse> {
  const servers = [...new Set(tools.map(({ server }) => server))]
  const calls: PortHouse['calls'] = []
  const handlers = new Map(
    servers.map((server) => [
      server,
      toNodeHandler(
        createMcpHandler(() => {
          const mcp = new McpServer({ name: server, version: '1.0.0' })
          for (const { name, description, inputSchema, annotations } of tools.filter((each) => each.server === server)) {
            const shape = Object.fromEntries(
              Object.entries(inputSchema.properties).map(([argument, of]) => [argument, z.string().describe(of.description).optional()]),
            )
            mcp.registerTool(name, { description, inputSchema: z.object(shape), annotations }, (args) => {
              calls.push({ server, name, args })
              return { content: [{ type: 'text', text: `${name} ${JSON.stringify(args)}` }] }
            })
          }
          return mcp
        }),
      ),
    ]),
  )
  const http = createServer((request, response) => {
    const handler = handlers.get((request.url ?? '').slice(1))
    if (handler === undefined) return void response.writeHead(404).end()
    // Node's types say `undefined` where the library's leave a field out.
    handler(request as NodeIncomingMessageLike, response).catch(() => response.destroy())
  })
  const url = await listenOnLoopback(http)
  return { servers, calls, urlOf: (server) => new URL(server, url).href, stop: () => stopServer(http) }
}

/**
 * Any number of remote MCP servers in one process: `/N/mcp` is a server with N tools, the same for every name after it. Of the session era
 * and as small as can be, so that what is measured is whoever calls them. Says its port when it listens.
 */
import { createServer } from 'node:http'

const toolsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `terminal_${index}_move`,
    description: `Moves a container between slot ${index} and another slot of the same terminal, and answers where it stands then.`,
    inputSchema: {
      type: 'object',
      properties: {
        container: { type: 'string', description: 'Its number, four letters and seven digits' },
        slot: { type: 'string', description: 'Block, row and tier, e.g. C-14-3' },
        reason: { type: 'string' },
      },
      required: ['container', 'slot'],
    },
  }))

function answerTo(method: string, tools: number): object | undefined {
  if (method === 'initialize')
    return { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'yard', version: '1.0.0' } }
  if (method === 'tools/list') return { tools: toolsOf(tools) }
  return method === 'tools/call' || method === 'ping' ? { content: [] } : undefined
}

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  if (request.method !== 'POST') return void response.writeHead(405).end()
  // What the relay sends is a message.
  const { id, method } = JSON.parse(body) as { id?: number; method: string }
  if (id === undefined) return void response.writeHead(202).end()
  const result = answerTo(method, Number(request.url?.split('/')[1]))
  const answer = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  console.log(typeof address === 'object' && address !== null ? address.port : 0)
})

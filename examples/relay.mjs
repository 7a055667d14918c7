/**
 * An MCP client at a session address: which tools there are, and one call.
 * `node examples/relay.mjs http://127.0.0.1:8090 ann echo '{"message": "hello"}'`
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const [base = 'http://127.0.0.1:8090', account = 'ann', tool, json = '{}'] = process.argv.slice(2)

const response = await fetch(`${base}/api/sessions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'x-user-id': account, 'x-api-key': process.env['WHEELHOUSE_KEY'] ?? '' },
  body: '{}',
})
if (!response.ok) throw new Error(`no session: ${await response.text()}`)
const {
  data: { sessionId },
} = await response.json()

// The secret travels in a header: an address ends up in logs.
const client = new Client({ name: 'example', version: '1.0.0' })
await client.connect(
  new StreamableHTTPClientTransport(new URL(`${base}/mcp`), { requestInit: { headers: { authorization: `Bearer ${sessionId}` } } }),
)
const { tools } = await client.listTools()
console.log(`tools: ${tools.map(({ name }) => name).join(', ')}`)
if (tool !== undefined) {
  const { content } = await client.callTool({ name: tool, arguments: JSON.parse(json) })
  for (const part of content) console.log(part.type === 'text' ? part.text : `[${part.type}]`)
}
await client.close()

/** Tool calls by the SDK's own client, for servers that a bare one cannot speak to. */
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

/** Calls a second, sixteen in flight; throws when an answer is another one. */
export async function bySdk(url: string, transport: 'http' | 'sse', tool: string, seconds: number): Promise<number> {
  const client = new Client({ name: 'bench', version: '1.0.0' })
  await client.connect(transport === 'sse' ? new SSEClientTransport(new URL(url)) : new StreamableHTTPClientTransport(new URL(url)))
  try {
    let done = 0
    const call = async (until: number): Promise<void> => {
      while (performance.now() < until) {
        const { content } = await client.callTool({ name: tool, arguments: { message: 'ahoy' } })
        if (JSON.stringify(content) !== '[{"type":"text","text":"Echo: ahoy"}]') throw new Error(`answered ${JSON.stringify(content)}`)
        done += 1
      }
    }
    await call(performance.now() + 300)
    done = 0
    await Promise.all(Array.from({ length: 16 }, () => call(performance.now() + seconds * 1_000)))
    return done / seconds
  } finally {
    await client.close()
  }
}

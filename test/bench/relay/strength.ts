/** First list, memory, what a thousand visitors leave behind, recovery, revocation. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { ServerProcess } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { ms, p50, timed } from '../statistics.ts'
import { residentOf, treeOf } from './processes.ts'

interface UpstreamState {
  id: string
  state: string
  pid: number
}

export async function serverState(server: ServerProcess, wanted: string): Promise<UpstreamState> {
  const { upstreams } = (await (await server.call('/control/v1/upstreams')).json()) as { upstreams: (UpstreamState & { name: string })[] }
  return upstreams.find(({ name }) => name === wanted) ?? { id: '', state: 'none', pid: 0 }
}

export async function strength(server: ServerProcess, sessionUrl: string, say: (line: string) => void): Promise<void> {
  const pid = server.child.pid ?? 0
  const connect = async (url = sessionUrl): Promise<Client> => {
    const client = new Client({ name: 'bench', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    return client
  }
  const newSession = async (): Promise<{ sessionUrl: string; sessionId: string }> => {
    const made = await server.call('/relay/v1/relay-sessions', { method: 'POST', json: { accountId: 'bench' } })
    return (await made.json()) as { sessionUrl: string; sessionId: string }
  }
  const listed = async (url?: string): Promise<void> => {
    const client = await connect(url)
    await client.listTools()
    await client.close()
  }
  const repeated = async (times: number, work: () => Promise<unknown>): Promise<number> => {
    const taken: number[] = []
    for (let index = 0; index < times; index += 1) taken.push(await timed(work))
    return p50(taken)
  }

  say(`connect and first tool list, p50           ${ms(await repeated(20, () => listed()))}`)
  const all = (await newSession()).sessionUrl
  say(`the same over all servers                  ${ms(await repeated(20, () => listed(all)))}`)
  await server.call('/control/v1/upstreams', {
    method: 'POST',
    json: { name: 'hung', transport: 'stdio', command: process.execPath, args: ['-e', 'setInterval(()=>{},1000)'] },
  })
  say(`the first of them while one only starts    ${ms(await repeated(1, () => listed(all)))}`)
  say(`beside a server that hangs, p50            ${ms(await repeated(5, () => listed()))}`)

  const memory: string[] = []
  const held: Client[] = []
  for (const count of [1, 10, 50]) {
    while (held.length < count) held.push(await connect((await newSession()).sessionUrl))
    memory.push(`${residentOf(pid)} MB with ${count}`)
  }
  await Promise.all(held.map((client) => client.close()))
  say(`memory of the whole server                 ${memory.join(', ')} connected sessions`)

  const before = treeOf(pid).length
  for (let index = 0; index < 50; index += 1) await Promise.all(Array.from({ length: 20 }, async () => (await connect()).close()))
  say(`processes after 1,000 connects and drops   ${treeOf(pid).length} (before: ${before}), ${residentOf(pid)} MB`)

  const { pid: killed } = await serverState(server, 'everything')
  process.kill(killed, 'SIGKILL')
  const recovered = await timed(() =>
    eventually(
      'it runs again',
      async () => {
        const now = await serverState(server, 'everything')
        return now.state === 'ready' && now.pid !== killed
      },
      30_000,
    ),
  )
  say(`a killed server answers again after        ${ms(recovered)}`)

  const revoked = await newSession()
  const ping = () =>
    fetch(revoked.sessionUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    })
  await ping()
  await fetch(`${server.ready.apis['relay']?.url}/api/sessions/${revoked.sessionId}`, {
    method: 'DELETE',
    headers: { 'x-user-id': 'bench' },
  })
  const refusal = await timed(ping)
  say(`the first request after a revocation       is answered ${(await ping()).status}, ${ms(refusal)} after it`)
}

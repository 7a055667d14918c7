/** The real server is killed beneath unmodified clients: each goes on as it was, and hears what became of the call it was waiting for. */
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ResourceUpdatedNotificationSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newDataDir, startServer } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'

const fixtures = join(import.meta.dirname, '..', '..', 'fixtures', 'mcp')
const uri = 'yard://berths'

interface Told {
  lists: number
  updates: number
}
interface Connected {
  told: Told
  /** Rejects when the server or the relay says that it failed. */
  call(name: string, given?: Record<string, unknown>): Promise<unknown>
  /** Resolves when the answer has begun as a stream that can be taken up again. */
  begin(name: string, given: Record<string, unknown>): Promise<{ outcome: Promise<unknown> }>
  names(): Promise<string[]>
}

/** One address before a server that is another one after each start; who comes meanwhile waits. */
async function openDoor(): Promise<{ url: string; lead(to: string): void; shut(): void }> {
  let behind = Promise.withResolvers<string>()
  const sockets = new Set<Socket>()
  const door = createServer((outer) => {
    void behind.promise.then((to) => {
      const inner = connect(Number(new URL(to).port), '127.0.0.1')
      for (const [one, other] of [
        [outer, inner],
        [inner, outer],
      ] as const) {
        sockets.add(one)
        one.on('error', () => undefined).once('close', () => other.destroy())
        one.pipe(other)
      }
    })
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    door.close()
  })
  const address = door.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    lead: (to) => behind.resolve(to),
    shut: () => (behind = Promise.withResolvers()),
  }
}

async function connectOld(url: string): Promise<Connected> {
  const told = { lists: 0, updates: 0 }
  const client = new OldClient({ name: 'old', version: '1' })
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void (told.lists += 1))
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, () => void (told.updates += 1))
  // The SDK's own types of its transport do not fit its client's under strict optional fields.
  await client.connect(new OldHttpTransport(new URL(url)) as Parameters<OldClient['connect']>[0])
  onTestFinished(() => client.close())
  await client.subscribeResource({ uri })
  return {
    told,
    call: (name, given = {}) => client.callTool({ name, arguments: given }),
    begin: (name, given) => begun((onresumptiontoken) => client.callTool({ name, arguments: given }, undefined, { onresumptiontoken })),
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
  }
}

async function connectNew(url: string): Promise<Connected> {
  const told = { lists: 0, updates: 0 }
  // One that can be asked goes the way of the SDK.
  const client = new Client({ name: 'new', version: '1' }, { versionNegotiation: { mode: 'legacy' }, capabilities: { elicitation: {} } })
  client.setNotificationHandler('notifications/tools/list_changed', () => void (told.lists += 1))
  client.setNotificationHandler('notifications/resources/updated', () => void (told.updates += 1))
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  onTestFinished(() => client.close())
  await client.subscribeResource({ uri })
  return {
    told,
    call: (name, given = {}) => client.callTool({ name, arguments: given }),
    begin: (name, given) => begun((onresumptiontoken) => client.callTool({ name, arguments: given }, { onresumptiontoken })),
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
  }
}

async function begun(call: (onToken: () => void) => Promise<unknown>): Promise<{ outcome: Promise<unknown> }> {
  const token = Promise.withResolvers<void>()
  const outcome = call(token.resolve).catch((error: Error) => error.message)
  await token.promise
  return { outcome }
}

test('after kill -9 clients of both SDKs list, call and hear again, and what they waited for is answered and in doubt', async () => {
  const dataDir = newDataDir()
  const journal = join(dataDir, 'journal')
  const door = await openDoor()
  let server = await startServer({ dataDir })
  onTestFinished(() => server.dispose())
  const control = async (path: string, json?: unknown, method = json === undefined ? 'GET' : 'POST') =>
    (await server.call(path, { method, ...(json === undefined ? {} : { json }) })).json()
  const relay = (path: string, json?: unknown, method?: string) => control(`/relay${path}`, json, method)
  const areReady = () =>
    eventually('the servers are ready', async () => {
      const { upstreams } = await control('/control/v1/upstreams')
      const ready = upstreams.filter(({ state }: { state: string }) => state === 'ready').map(({ name }: { name: string }) => name)
      return ready.includes('watched') && ready.includes('long')
    })
  await control('/control/v1/users', { id: 'ann', primaryEmail: 'ann@example.test', credits: 100 })
  const add = async (name: string, file: string): Promise<string> => {
    const given = { transport: 'stdio', command: process.execPath, args: [join(fixtures, file), journal], enabled: true }
    return (await control('/control/v1/upstreams', { name, ...given })).id
  }
  const [watched, long] = [await add('watched', 'watched-server.ts'), await add('long', 'long-server.ts')]
  await areReady()
  await relay(`/v1/upstreams/${long}/tools/wait`, { price: 1 }, 'PATCH')
  const { sessionId } = await relay('/v1/relay-sessions', { accountId: 'ann' })
  const lead = () => door.lead(server.ready.apis['relay']?.url ?? '')
  lead()
  const url = `${door.url}/mcp/${sessionId}`
  const clients = [await connectOld(url), await connectNew(url)]
  const waiting = await Promise.all(clients.map(({ begin }, index) => begin('long__wait', { name: `of ${index}` })))

  door.shut()
  await server.end('SIGKILL')
  server = await startServer({ dataDir })
  await areReady()
  lead()

  for (const { outcome } of waiting) expect(await outcome).toContain('what was asked may have been done')
  const { open } = await relay('/v1/calls-in-doubt')
  expect(open.map(({ tool, credits }: { tool: string; credits: number }) => [tool, credits])).toEqual([
    ['wait', 1],
    ['wait', 1],
  ])
  for (const { names, call, told } of clients) {
    expect(await names()).toEqual(expect.arrayContaining(['watched__moor', 'long__wait']))
    await eventually('it is told of the resource', async () => {
      expect(await call('watched__moor')).toMatchObject({ content: [{ text: expect.stringContaining('free') }] })
      return told.updates > 0
    })
    const before = told.lists
    await eventually('it is told of the list', async () => {
      for (const enabled of [false, true]) await relay(`/v1/upstreams/${watched}/tools/is_watched`, { enabled }, 'PATCH')
      return told.lists > before
    })
  }
})

/** The real server is killed in the middle of calls: what was answered stays charged, what was not is in doubt, and nothing is lost. */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newDataDir, startServer, type ServerProcess } from '../../../fakes/server-process.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const odd = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'mcp', 'odd-server.ts')

test('over a kill in mid-call every credit is either on the account, charged, or held for a call in doubt', async () => {
  const dataDir = newDataDir()
  let server = await startServer({ dataDir })
  onTestFinished(() => server.dispose())
  const control = async (path: string, json?: unknown, method = json === undefined ? 'GET' : 'POST') =>
    (await server.call(path, { method, ...(json === undefined ? {} : { json }) })).json()
  const relay = (path: string, json?: unknown, method?: string) => control(`/relay${path}`, json, method)
  const isReady = () =>
    eventually('the server is ready', async () => (await control('/control/v1/upstreams')).upstreams[0]?.state === 'ready')

  await control('/control/v1/users', { id: 'ann', primaryEmail: 'ann@example.test', credits: 1_000 })
  const { id: upstream } = await control('/control/v1/upstreams', {
    ...{ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd], enabled: true },
  })
  await isReady()
  for (const tool of ['echo', 'slow']) await relay(`/v1/upstreams/${upstream}/tools/${tool}`, { price: 1 }, 'PATCH')
  const { sessionId } = await relay('/v1/relay-sessions', { accountId: 'ann' })
  const call = (of: ServerProcess, name: string, text = '') =>
    of
      .call('/relay/mcp', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${sessionId}`,
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': name,
        },
        json: {
          ...{ jsonrpc: '2.0', id: 1, method: 'tools/call' },
          params: {
            ...{ name, arguments: { text } },
            _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} },
          },
        },
      })
      .then(async (response) => (response.ok ? ((await response.json()).result?.content?.[0]?.text ?? null) : null))
      .catch(() => null)
  const state = async () => {
    const { credits } = await control('/control/v1/users').then(({ users }) => users[0])
    const [{ credits: charged = 0 } = {}] = (await relay('/v1/usage')).rows.filter(({ tool }: { tool: string }) => tool === 'echo')
    const { open } = await relay('/v1/calls-in-doubt')
    return { credits, charged, open: open as { id: number; tool: string; accountId: string; credits: number }[] }
  }

  // Four that wait at their server, and a crowd that is answered as fast as it goes.
  let answered = 0
  const waiting = Array.from({ length: 4 }, () => call(server, 'slow', 'until count'))
  const working = Array.from({ length: 6 }, async () => {
    while ((await call(server, 'echo', 'hello')) === 'hello') answered += 1
  })
  await eventually('many have been answered', () => answered >= 40)
  await server.end('SIGKILL')
  await Promise.all([...waiting, ...working])
  server = await startServer({ dataDir })
  const { credits, charged, open } = await state()
  const [slow, echo] = [open.filter(({ tool }) => tool === 'slow'), open.filter(({ tool }) => tool === 'echo')]
  expect(slow).toHaveLength(4)
  expect(open[0]).toMatchObject({ accountId: 'ann', credits: 1 })
  expect(credits).toBe(1_000 - charged)
  // What was answered is charged; of the six that had no answer yet, each was charged in that moment, is in doubt, or was not begun.
  expect(charged).toBeGreaterThanOrEqual(answered)
  expect(charged - answered + echo.length).toBeLessThanOrEqual(6)
  // What is in doubt is held: the rest can be spent, and taken, to the last credit.
  const inDoubt = open.length
  expect((await server.call('/control/v1/users/ann/credits', { method: 'POST', json: { take: credits, reason: 'All' } })).status).toBe(409)
  const taken = await control('/control/v1/users/ann/credits', { take: credits - inDoubt, reason: 'What is free' })
  expect(taken).toMatchObject({ user: { credits: inDoubt }, change: { kind: 'take', balance: inDoubt, reason: 'What is free' } })
  await isReady()
  expect(await call(server, 'echo', 'hello')).toBeNull()
  const ids = open.map(({ id }) => id)
  const settle = (of: number[], outcome: string) => relay('/v1/calls-in-doubt/settle', { ids: of, outcome, reason: 'Looked it up' })
  await settle(ids.slice(0, 3), 'taken')
  await settle(ids.slice(3), 'given-back')
  expect((await settle(ids.slice(0, 1), 'taken')).statusCode).toBe(404)
  expect(await state()).toMatchObject({ credits: inDoubt - 3, open: [] })
  expect(await call(server, 'echo', 'hello')).toBe('hello')
  expect((await state()).credits).toBe(inDoubt - 4)
})

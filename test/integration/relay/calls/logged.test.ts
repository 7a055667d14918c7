/** What the log of calls keeps of a call, whichever way it came. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { argumentsOf, withSecrets } from '../../../../renderer/pages/relay/replayed.ts'
import { serveRelay, type ServedRelay } from '../../../fakes/served-relay.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const program = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'mcp', 'private-server.ts')
let relay: ServedRelay
beforeAll(async () => {
  relay = await serveRelay()
  await new Promise((resolve) => setImmediate(resolve))
  const definition = { name: 'private', transport: 'stdio' as const, command: process.execPath, args: [program] }
  const { id } = relay.room.upstreamAdmin.create(definition, 'owner')
  await eventually('it is ready', () => relay.room.upstreams.get(id).state === 'ready')
})
afterAll(() => relay.stop())

async function connect(capabilities: object): Promise<(body: unknown) => Promise<unknown>> {
  const { sessionUrl } = await relay.session()
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    relay.call('POST', new URL(sessionUrl).pathname, {
      ...{ user: null, body },
      headers: { accept: 'application/json, text/event-stream', ...headers },
    })
  const params = { protocolVersion: '2025-03-26', capabilities, clientInfo: { name: 'test', version: '1' } }
  const opened = await post({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
  const of = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, of)
  return async (body) => (await post(body, of)).body
}
const login = (id: number | string, user: string) => ({
  ...{ jsonrpc: '2.0', id, method: 'tools/call' },
  params: { name: 'login', arguments: { user, password: `sesame of ${user}` } },
})

test.each([
  { way: 'the short way', capabilities: {}, bodies: [login(1, 'ann'), login('1', 'bob')] },
  { way: 'the long way', capabilities: { sampling: {} }, bodies: [login(1, 'ann'), login('1', 'bob')] },
  {
    ...{ way: 'one batch', capabilities: {} },
    bodies: [
      [{ jsonrpc: '2.0', id: 7, method: 'ping' }, login(1, 'ann'), { jsonrpc: '2.0', method: 'notifications/x' }, login('1', 'bob')],
    ],
  },
])('of two calls that come $way each is kept by itself, without passwords, and can be made again', async ({ capabilities, bodies }) => {
  const post = await connect(capabilities)
  for (const body of bodies) expect(JSON.stringify(await post(body))).toContain('your password is sesame of')
  const { calls } = (await relay.call('GET', '/v1/relay-calls?limit=2')).body
  const kept = await Promise.all(calls.map(async ({ id }: { id: number }) => (await relay.call('GET', `/v1/relay-calls/${id}`)).body))
  expect(JSON.stringify(kept)).not.toContain('sesame')
  expect(kept.map(({ response }) => response)).toEqual([0, 1].map(() => expect.stringContaining('your password is [secret]')))
  expect(kept.map(({ secrets }) => secrets)).toEqual([['/password'], ['/password']])
  const again = kept.map(({ request }) => withSecrets(argumentsOf(request), { '/password': 'given anew' }))
  expect(again.map(({ user }) => user).toSorted()).toEqual(['ann', 'bob'])
  expect(again.map(({ password }) => password)).toEqual(['given anew', 'given anew'])
})

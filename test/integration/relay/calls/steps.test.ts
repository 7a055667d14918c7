/** What stands between a client and a tool stands there whichever way a call came. */
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Step } from '../../../../server/relay/calls/steps.ts'
import { serveRelay, type ServedRelay } from '../../../fakes/served-relay.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const odd = join(import.meta.dirname, '..', '..', '..', 'fixtures', 'mcp', 'odd-server.ts')
const isWaiting = new Set<string>()
/** Asks for something else, and answers something else. */
const loud: Step = {
  name: 'loud',
  mayWait: false,
  concerns: (_, { tool }) => tool.name === 'echo',
  async around(call, ask) {
    const answer = await ask({ text: `${String(call.args?.['text'])}!` })
    call.note('loud', 'added a mark')
    return { ...answer, structuredContent: { loud: true } }
  },
}
const patient: Step = {
  name: 'patient',
  mayWait: true,
  concerns: ({ id }) => isWaiting.has(id),
  around(call, ask) {
    call.note('patient', 'waited')
    return ask(call.args)
  },
}

let relay: ServedRelay
beforeAll(async () => {
  relay = await serveRelay({ given: { steps: [loud, patient] } })
  await new Promise((resolve) => setImmediate(resolve))
  const { id } = relay.room.upstreamAdmin.create({ name: 'odd', transport: 'stdio', command: process.execPath, args: [odd] }, 'owner')
  await eventually('it is ready', () => relay.room.upstreams.get(id).state === 'ready')
})
afterAll(() => relay.stop())

/** `plain` goes the short way; one that can be asked things goes the long one. */
async function connect(sessionUrl: string, mode: 'legacy' | 'auto', plain: boolean): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { capabilities: plain ? {} : { roots: {} }, versionNegotiation: { mode } })
  if (!plain) client.setRequestHandler('roots/list', () => ({ roots: [] }))
  await client.connect(new StreamableHTTPClientTransport(new URL(sessionUrl)))
  onTestFinished(() => client.close())
  return client
}
const lastSteps = async () => (await relay.call('GET', '/v1/relay-calls?limit=1')).body.calls[0].steps

const ways = [
  { way: 'the short way of a session-era client', mode: 'legacy', plain: true },
  { way: 'the short way of a stateless client', mode: 'auto', plain: true },
  { way: 'the long way of a session-era client', mode: 'legacy', plain: false },
  { way: 'the long way of a stateless client', mode: 'auto', plain: false },
] as const
test.each(ways)('a call that comes $way passes the steps, and the inspector says what they did', async ({ mode, plain }) => {
  const client = await connect((await relay.session()).sessionUrl, mode, plain)
  expect(await client.callTool({ name: 'echo', arguments: { text: 'hello' } })).toMatchObject({
    content: [{ type: 'text', text: 'hello!' }],
    structuredContent: { loud: true },
  })
  expect(await lastSteps()).toEqual([{ step: 'loud', did: 'added a mark' }])
})

test('a call that the window makes passes them too, and one that concerns none of them stays as it is', async () => {
  await relay.session()
  const [{ id }] = (await relay.call('GET', '/v1/relay-sessions')).body.sessions
  const make = (tool: string) => relay.call('POST', '/v1/relay-calls', { body: { sessionId: id, tool, arguments: { text: 'hello' } } })
  expect((await make('echo')).body.result).toMatchObject({ content: [{ text: 'hello!' }], structuredContent: { loud: true } })
  expect((await make('count')).body).toMatchObject({ call: { steps: [] } })
})

test('a call that a step may keep waiting takes the long way', async () => {
  const session = await relay.session()
  const client = await connect(session.sessionUrl, 'legacy', true)
  const [{ id }] = (await relay.call('GET', '/v1/relay-sessions')).body.sessions
  isWaiting.add(id)
  await client.callTool({ name: 'count', arguments: {} })
  const [call] = (await relay.call('GET', '/v1/relay-calls?limit=1')).body.calls
  // The short way keeps the call alone, the long one the whole request.
  expect((await relay.call('GET', `/v1/relay-calls/${call.id}`)).body).toMatchObject({
    steps: [{ step: 'patient', did: 'waited' }],
    request: expect.stringContaining('"jsonrpc"'),
  })
})

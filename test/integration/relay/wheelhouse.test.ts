/** Wheelhouse itself as an MCP server: real browser sessions behind tools, read-only until a session is given more. */
import { createServer } from 'node:http'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { createBrowsersRoom } from '../../../server/browsers/index.ts'
import { sessionText } from '../../../server/words.ts'
import { browserTools } from '../../../server/tools/browsers/index.ts'
import { createRoomContext } from '../../fakes/room-context.ts'
import { patientTimer } from '../../fakes/served-browsers.ts'
import { relayKey, serveRelay } from '../../fakes/served-relay.ts'
import { startServer } from '../../fakes/server-process.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { listenOnLoopback, loopbackAllowed, stopServer } from '../../fixtures/loopback.ts'
import { ownerStanding } from '../../../server/http/rights.ts'

test('a client opens, reads, fills, pictures and closes a browser; each step stands in the audit with its session', async () => {
  const site = createServer((_, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end(
        '<title>Quay</title><h1>Berth 7</h1><input id="ship"><button onclick="document.querySelector(\'h1\').textContent=ship.value">Moor</button>',
      ),
  )
  const address = await listenOnLoopback(site)
  const context = createRoomContext({
    settings: { network: loopbackAllowed, browsers: { executable: process.env['WHEELHOUSE_BROWSER'] ?? null } },
  })
  const browsers = createBrowsersRoom(context, { textOf: sessionText, startTimer: patientTimer })
  await browsers.start()
  const relay = await serveRelay({ given: { builtInTools: () => Promise.resolve(browserTools(browsers.service)) } })
  onTestFinished(async () => {
    await relay.stop()
    await browsers.stop()
    context.dispose()
    await stopServer(site)
  })
  await new Promise((resolve) => setImmediate(resolve))
  const connect = async (policy: object): Promise<Client> => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(
      new StreamableHTTPClientTransport(
        new URL((await relay.session({ body: { policy }, headers: { 'x-api-key': relayKey } })).sessionUrl),
      ),
    )
    onTestFinished(() => client.close())
    return client
  }
  const names = async (client: Client) => (await client.listTools()).tools.map(({ name }) => name)

  // Not there unless asked for; read-only unless more is switched on by name.
  expect(await names(await connect({}))).toEqual([])
  const reading = await connect({ upstreams: ['wheelhouse'] })
  expect(await names(reading)).toEqual(expect.arrayContaining(['browser_list', 'browser_read', 'browser_screenshot', 'browser_snapshot']))
  expect((await reading.listTools()).tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true)
  const changing = ['browser_open', 'browser_navigate', 'browser_click', 'browser_type', 'browser_close']
  const client = await connect({ upstreams: ['wheelhouse'], wheelhouseTools: changing })
  const tools = (await client.listTools()).tools
  expect(tools.find(({ name }) => name === 'browser_close')?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true })

  const call = async (name: string, args: object, onprogress?: (progress: { progress: number }) => void) => {
    const { content, isError } = await client.callTool({ name, arguments: { ...args } }, onprogress === undefined ? {} : { onprogress })
    expect(isError, JSON.stringify(content)).not.toBe(true)
    return content[0] as { type: string; text: string; data: string }
  }
  const steps: number[] = []
  const { session_id } = JSON.parse((await call('browser_open', { address }, ({ progress }) => void steps.push(progress))).text)
  expect(steps).toEqual([0, 1, 2])
  expect((await call('browser_read', { session_id })).text).toContain('Berth 7')
  await call('browser_type', { session_id, selector: '#ship', text: 'Meridian' })
  await call('browser_click', { session_id, selector: 'button' })
  expect((await call('browser_read', { session_id })).text).toContain('Meridian')
  expect(
    Buffer.from((await call('browser_screenshot', { session_id })).data, 'base64')
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
  await call('browser_close', { session_id })
  expect(JSON.parse((await call('browser_list', {})).text)).toEqual([])

  const refused = await client.callTool({ name: 'browser_read', arguments: { session_id } })
  expect(refused).toMatchObject({ isError: true, content: [{ type: 'text', text: expect.stringContaining('Session not found') }] })
  const own = relay.room.sessionAdmin.all(ownerStanding)[0]?.id
  const used = relay.context.emitted.filter(({ type }) => type === 'tool-used')
  expect(used.map(({ subject }) => subject)).toContain('browser_close')
  expect(new Set(used.map(({ actor }) => actor))).toEqual(new Set([`relay:${own}`]))
})

test('in the whole house it sees the other rooms', async () => {
  const house = await startServer()
  onTestFinished(() => house.dispose())
  await fetch(`${house.ready.apis['brokers']?.url}/api/createSession`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sessionName: 'quay-side', password: 'harbor-demo' }),
  })
  await house.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test', credits: 1 } })
  const made = (await (
    await house.call('/relay/v1/relay-sessions', { method: 'POST', json: { accountId: 'ann', policy: { upstreams: ['wheelhouse'] } } })
  ).json()) as { session: { id: string } }
  const ready = async () =>
    ((await (await house.call('/relay/v1/catalogue')).json()) as { servers: { id: string; state: string }[] }).servers.some(
      ({ id, state }) => id === 'wheelhouse' && state === 'ready',
    )
  await eventually('it is ready', ready)
  const call = async (tool: string) => {
    const { result } = (await (
      await house.call('/relay/v1/relay-calls', { method: 'POST', json: { sessionId: made.session.id, tool } })
    ).json()) as { result: { content: { text: string }[] } }
    return JSON.parse(result.content[0]?.text ?? 'null') as unknown
  }
  expect(await call('brokers_list')).toMatchObject([{ sessionName: 'quay-side', suspended: false, clients: 0, queued: 0 }])
  expect(await call('login_find')).toEqual({ total: 0, logins: [] })
  expect(await call('bots_list')).toEqual([])
  expect(await call('browser_list')).toEqual([])
})

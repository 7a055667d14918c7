/**
 * Where remote MCP servers may lead the relay: their own origin, public addresses, and nowhere else, by redirects and by what they say of
 * their sign-in.
 */
import { createServer, type RequestListener } from 'node:http'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { defaultOptions } from '../../../server/relay/contract/upstream-options.ts'
import { createUpstreamStore } from '../../../server/relay/upstreams/store.ts'

let relay: ServedRelay
beforeEach(async () => {
  relay = await serveRelay({ given: { backOff: [10] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterEach(() => relay.stop())

const upstreams = () => relay.room.upstreams
const admin = () => relay.room.upstreamAdmin
const add = (url: string, more: object = {}) => admin().create({ name: 'berths', transport: 'http', url, ...more }, 'owner').id
const reaches = (id: string, state: string) =>
  eventually(`it is ${state}`, () =>
    admin()
      .list()
      .find((each) => each.id === id && each.state === state),
  )
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  const url = await listenOnLoopback(server)
  onTestFinished(() => stopServer(server))
  return url
}
/** Notes every request that reaches it. */
async function victim(): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  return { url: await serve((request, response) => void (asked.push(String(request.url)), response.writeHead(404).end())), asked }
}

test.each(['http', 'sse'] as const)('a redirect of a %s server to another place on this machine is not followed', async (transport) => {
  const { url, asked } = await victim()
  const id = add(`${await serve((_, response) => void response.writeHead(307, { location: `${url}/stolen` }).end())}/mcp`, { transport })
  expect((await reaches(id, 'failed')).error).toContain(`${url}/stolen`)
  expect(asked).toEqual([])
})

test("Wheelhouse's own listeners are no remote servers, whoever writes them down", async () => {
  const { url, asked } = await victim()
  relay.context.egress.addListener(Number(new URL(url).port))
  relay.context.change({ network: { allowedRanges: ['127.0.0.0/8'] } })
  expect((await reaches(add(`${url}/mcp`), 'failed')).error).toContain('it is Wheelhouse itself')
  expect(asked).toEqual([])
})

/** A remote server that wants a sign-in and says of it what `metadata` answers. */
const askingForSignIn = (metadata: RequestListener): Promise<string> =>
  serve((request, response) => {
    if (request.url?.startsWith('/.well-known/oauth-protected-resource') === true) metadata(request, response)
    else
      response
        .writeHead(401, {
          'www-authenticate': `Bearer resource_metadata="http://${request.headers.host}/.well-known/oauth-protected-resource"`,
        })
        .end()
  })
/** Names an authorization server. */
const ledBy =
  (server: string): RequestListener =>
  (request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ resource: `http://${request.headers.host}/mcp`, authorization_servers: [server] }))
async function trySignIn(house: string): Promise<number> {
  const id = add(`${house}/mcp`)
  await reaches(id, 'signed-out')
  return (await relay.call('POST', `/v1/upstreams/${id}/sign-in`, { body: {} })).status
}

test('what a server says of its sign-in is not fetched from another place on this machine', async () => {
  const { url, asked } = await victim()
  const named = await serve(
    (_, response) =>
      void response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${url}/.well-known/oauth-protected-resource"` }).end(),
  )
  const redirected = await askingForSignIn((_, response) => void response.writeHead(302, { location: `${url}/stolen` }).end())
  for (const house of [named, redirected]) {
    expect(await trySignIn(house)).toBeGreaterThanOrEqual(400)
    await admin().remove(admin().list()[0]?.id ?? '', 'owner')
  }
  expect(asked).toEqual([])
})

test('an authorization server that a server names elsewhere on this machine is asked only where the settings allow its range', async () => {
  const { url, asked } = await victim()
  const house = await askingForSignIn(ledBy(url))
  expect(await trySignIn(house)).toBe(502)
  expect(asked).toEqual([])
  await admin().remove(admin().list()[0]?.id ?? '', 'owner')
  relay.context.change({ network: { allowedRanges: ['127.0.0.0/8'] } })
  await trySignIn(house)
  expect(asked).toContain('/.well-known/oauth-authorization-server')
})

test('a name and password in an address are sent, and neither shown, told nor kept readable', async () => {
  const seen: unknown[] = []
  const url = (await serve((request, response) => void (seen.push(request.headers.authorization), response.writeHead(404).end()))).replace(
    '//',
    '//harbor:s%20ecret-9@',
  )
  const id = add(`${url}/mcp`)
  await eventually('it was asked', () => seen.length > 0)
  expect(seen[0]).toBe(`Basic ${Buffer.from('harbor:s ecret-9').toString('base64')}`)
  await admin().change(id, { url: `${url}/sse` }, 'owner')
  const everything = [
    admin().list(),
    relay.context.emitted,
    relay.context.log.lines,
    relay.context.database.prepare('SELECT *, CAST(secrets AS TEXT) AS text FROM relay_upstreams').all(),
  ]
  expect(JSON.stringify(everything)).not.toMatch(/ecret-9|harbor:/)
  expect(admin().list()).toMatchObject([{ headerNames: ['Authorization'], url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/sse$/) }])
})

test('an address that an earlier version kept with a name and password loses them at the start', async () => {
  const { database, sealer } = relay.context
  const kept = {
    id: 'up_earlierearly',
    name: 'earlier',
    transport: 'http' as const,
    command: null,
    args: [],
    cwd: null,
    env: {},
    headers: {},
    enabled: false,
    options: defaultOptions,
    createdAt: 1,
  }
  createUpstreamStore(database, sealer).put({ ...kept, url: 'https://harbor:ecret-9@berths.example/mcp' })
  upstreams().start()
  expect(admin().list()).toMatchObject([{ url: 'https://berths.example/mcp', headerNames: ['Authorization'] }])
  expect(JSON.stringify(database.prepare('SELECT url FROM relay_upstreams').all())).not.toContain('ecret-9')
})

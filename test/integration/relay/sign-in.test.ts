/** Remote servers that want OAuth: a person signs in once, the relay keeps it going, and nothing of it is seen or kept in the clear. */
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { openOAuthHouse, type OAuthHouse } from '../../fakes/oauth-house.ts'
import { serveRelay, type ServedRelay } from '../../fakes/served-relay.ts'
import { testClock } from '../../fakes/kernel.ts'
import { eventually } from '../../fixtures/eventually.ts'
import { inWords } from '../../fakes/words.ts'

let house: OAuthHouse
let relay: ServedRelay
beforeEach(async () => {
  house = await openOAuthHouse()
  relay = await serveRelay({ given: { backOff: [20, 40] } })
  await new Promise((resolve) => setImmediate(resolve))
})
afterEach(async () => {
  await relay.stop()
  await house.stop()
})

const upstreams = () => relay.room.upstreams
const admin = () => relay.room.upstreamAdmin
const add = (more: object = {}) => admin().create({ name: 'berths', transport: 'http', url: house.mcpUrl, ...more }, 'owner').id
const reaches = (id: string, state: string) =>
  eventually(`it is ${state}`, () =>
    admin()
      .list()
      .find((each) => each.id === id && each.state === state),
  )
const begin = (id: string, body: object = {}) => relay.call('POST', `/v1/upstreams/${id}/sign-in`, { body })
/** What the person's browser does: it opens the page and follows it back to ours. */
const browse = async (url: string) => {
  const answer = await fetch(url)
  return { status: answer.status, headers: answer.headers, text: await answer.text(), url: answer.url }
}
async function signIn(id: string): Promise<void> {
  const begun = await begin(id)
  expect(begun.status).toBe(200)
  expect(await browse(begun.body.url)).toMatchObject({ status: 200, text: expect.stringContaining('works with berths') })
  await reaches(id, 'ready')
}
async function callBerth(address?: string): Promise<string> {
  const sessionUrl = address ?? (await relay.session()).sessionUrl
  const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} }
  const reply = await relay.call('POST', new URL(sessionUrl).pathname, {
    user: null,
    headers: {
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'berth',
    },
    body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'berth', arguments: {}, _meta: meta } },
  })
  return reply.body.result?.content[0].text ?? JSON.stringify(reply.body)
}

test('a server that wants a sign-in says so and is not knocked at again; signed in, its tools are there', async () => {
  const id = add()
  const waiting = await reaches(id, 'signed-out')
  expect(waiting).toMatchObject({ attempts: 0, signedIn: false, error: 'It wants you to sign in' })
  expect(inWords(relay.room.attention())[0]).toMatchObject({ tone: 'attention', title: 'Server berths wants you to sign in' })
  expect(house.clients).toEqual([])

  await signIn(id)
  expect(house.clients).toHaveLength(1)
  expect(house.clients[0]?.redirect_uris).toEqual([`${relay.url}/oauth/callback`])
  expect(await callBerth()).toBe('Berth 7')
  expect(admin().view(upstreams().get(id))).toMatchObject({ signedIn: true, tools: 1, error: null })

  const token = JSON.stringify(relay.context.database.prepare('SELECT CAST(sealed AS TEXT) AS text FROM relay_grants').all())
  expect(token).not.toContain('access_token')
  expect(JSON.stringify([relay.context.emitted, admin().list(), relay.context.log.lines])).not.toMatch(/access_token|refresh_token|code=/)
})

test('an expired token is renewed once for all calls that meet its end, however late they hear of it, and nobody notices', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  // What the relay asks by itself when a server is ready: refused, it would renew the token before any call.
  await eventually('it listens', () => house.served.includes('subscriptions/listen'))
  house.granted.length = 0
  house.expireToken()
  const refusals: (() => void)[] = []
  house.beforeRefusal = async (method) => {
    if (method === 'tools/call') await new Promise<void>((resolve) => refusals.push(resolve))
  }
  const calls = Array.from({ length: 8 }, () => callBerth())
  await eventually('all are about to be refused', () => refusals.length === 8)
  refusals[0]?.()
  // By then there is another token.
  expect(await Promise.race(calls)).toBe('Berth 7')
  for (const refuse of refusals) refuse()
  expect(await Promise.all(calls)).toEqual(calls.map(() => 'Berth 7'))
  expect(house.granted).toEqual(['refresh_token'])
  expect(admin().view(upstreams().get(id)).state).toBe('ready')
})

test('a token that was renewed while the disk refused serves at once, and is kept for the next start', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  const { sessionUrl } = await relay.session()
  await eventually('it listens', () => house.served.includes('subscriptions/listen'))
  relay.context.database.pragma('query_only = ON')
  house.expireToken()
  expect(await callBerth(sessionUrl)).toBe('Berth 7')
  relay.context.database.pragma('query_only = OFF')
  await relay.room.stop()
  await relay.room.start()
  house.expireToken()
  await reaches(id, 'ready')
  expect(await callBerth(sessionUrl)).toBe('Berth 7')
})

test('a sign-out that the disk refuses has not happened', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  relay.context.database.pragma('query_only = ON')
  expect((await relay.call('DELETE', `/v1/upstreams/${id}/sign-in`)).status).toBe(507)
  expect(admin().view(upstreams().get(id))).toMatchObject({ signedIn: true, state: 'ready' })
  relay.context.database.pragma('query_only = OFF')
})

test('a token near its end is renewed before anybody is refused', async () => {
  const clock = testClock()
  await relay.stop()
  relay = await serveRelay({ clock, given: { backOff: [20, 40] } })
  await new Promise((resolve) => setImmediate(resolve))
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  house.granted.length = 0
  clock.advance(3_590_000)
  expect(await callBerth()).toBe('Berth 7')
  expect(house.granted).toEqual(['refresh_token'])
})

test('an authorization server that is down does not end what it granted', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  house.expireToken()
  house.tokenEndpointDown = true
  await admin().restart(id, 'owner')
  expect((await reaches(id, 'failed')).signedIn).toBe(true)
  house.tokenEndpointDown = false
  await admin().restart(id, 'owner')
  await reaches(id, 'ready')
  expect(await callBerth()).toBe('Berth 7')
})

test('a grant that was revoked makes the server ask for a sign-in again, in the middle of its life', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  house.revokeAll()
  expect(await callBerth()).toContain('sign in')
  expect((await reaches(id, 'signed-out')).signedIn).toBe(false)
  await signIn(id)
  expect(await callBerth()).toBe('Berth 7')
  // The registration was kept.
  expect(house.clients).toHaveLength(1)
})

test('signing out forgets the tokens; another address never sees them', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  await signIn(id)
  expect((await relay.call('DELETE', `/v1/upstreams/${id}/sign-in`)).body).toMatchObject({ signedIn: false })
  await reaches(id, 'signed-out')
  await signIn(id)
  await admin().change(id, { url: `${house.url}/mcp?other` }, 'owner')
  expect((await reaches(id, 'signed-out')).signedIn).toBe(false)
})

test('a page left open for the address before does not take the place of what another address granted', async () => {
  const other = await openOAuthHouse()
  onTestFinished(() => other.stop())
  const id = add()
  await reaches(id, 'signed-out')
  const left = await begin(id)
  await admin().change(id, { url: other.mcpUrl }, 'owner')
  await reaches(id, 'signed-out')
  await signIn(id)
  const grants = () => relay.context.database.prepare('SELECT hex(sealed) FROM relay_grants').pluck().all()
  const before = grants()
  expect(await browse(left.body.url)).toMatchObject({ status: 400 })
  expect(grants()).toEqual(before)
  expect(house.granted).toEqual([])
  expect(await callBerth()).toBe('Berth 7')
})

test('a person who says no, an answer nobody asked for, and one that comes twice sign nobody in', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  house.refusesPerson = true
  const refused = await browse((await begin(id)).body.url)
  expect(refused).toMatchObject({ status: 400, text: expect.stringContaining('Not signed in') })
  house.refusesPerson = false
  expect(await browse(`${relay.url}/oauth/callback?state=made-up&code=abc`)).toMatchObject({
    status: 400,
    text: expect.stringContaining('not begun here'),
  })
  const nasty = await browse(`${relay.url}/oauth/callback?state=%3Cscript%3E&error=%3Cscript%3Ealert(1)%3C/script%3E`)
  expect(nasty.text).not.toContain('<script>')
  expect(nasty.headers.get('content-security-policy')).toContain("default-src 'none'")
  const done = await browse((await begin(id)).body.url)
  expect(done.status).toBe(200)
  expect((await browse(done.url)).status).toBe(400)
  await reaches(id, 'ready')
})

test('an answer that comes from another authorization server is not taken', async () => {
  const id = add()
  await reaches(id, 'signed-out')
  const { url } = (await begin(id)).body
  const redirect = (await fetch(url, { redirect: 'manual' })).headers.get('location') ?? ''
  const mixed = new URL(redirect)
  mixed.searchParams.set('iss', 'https://evil.example.test')
  expect((await browse(mixed.href)).status).toBe(400)
  expect(admin().view(upstreams().get(id)).signedIn).toBe(false)
})

test('where programs may not register themselves, a client registered by hand is used', async () => {
  house.registers = false
  const id = add()
  await reaches(id, 'signed-out')
  expect(await begin(id)).toMatchObject({ status: 409, body: { error: expect.stringContaining(`${relay.url}/oauth/callback`) } })
  const begun = await begin(id, house.register(`${relay.url}/oauth/callback`))
  expect(begun.body.callbackUrl).toBe(`${relay.url}/oauth/callback`)
  expect((await browse(begun.body.url)).status).toBe(200)
  await reaches(id, 'ready')
  expect(await callBerth()).toBe('Berth 7')
})

test('a server that was given an Authorization of its own is not offered a sign-in', async () => {
  const id = add({ headers: { Authorization: 'Bearer a-key-that-is-wrong' } })
  await reaches(id, 'failed')
  expect((await begin(id)).status).toBe(502)
})

/** A bot's events at an address of the owner's. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { botsKey, serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact } from '../../fakes/whatsapp/contact.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

let bots: ServedBots
let server: Server
let url: string
const got: { type: string; data: Record<string, unknown> }[] = []

beforeEach(() => void (got.length = 0))

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      got.push(JSON.parse(body))
      response.end()
    })
  })
  url = await listenOnLoopback(server)
  bots = await serveBots()
  await bots.linked('gate', '15550100142')
})

afterAll(async () => {
  await bots.stop()
  await stopServer(server)
})

test('messages and states reach the address that asked for them, and none after it was removed', async () => {
  const add = (body: object, headers: Record<string, string> = { 'x-api-key': botsKey }) =>
    bots.call('POST', '/api/sessions/gate/webhooks', body, headers)
  // An address that is called with what is said in the chats is more than the use of a bot.
  expect((await add({ url }, {})).status).toBe(401)
  expect((await add({ url })).status).toBe(400)
  bots.context.change({ webhooks: { allowPrivate: true } })
  const worth = `${url}/services/canary-1?token=canary-2`
  const rules = (await add({ url: worth, types: ['rule'] })).body.webhook
  expect(rules.url).toBe(worth)
  const listed = (await bots.call('GET', '/api/sessions/gate/webhooks')).body.webhooks
  expect(listed.map((hook: { url: string }) => hook.url)).toEqual([`${url}/services/…?…`])
  const added = await add({ url, types: ['message', 'state'] })
  expect(added).toMatchObject({ status: 201, body: { secret: expect.stringMatching(/^whsec_/), webhook: { types: ['message', 'state'] } } })
  expect(JSON.stringify((await bots.call('GET', '/api/sessions/gate/webhooks')).body)).not.toContain('whsec_')

  const ann = await connectContact(bots.double, '15550100011', 'Ann')
  await ann.socket.sendMessage('15550100142@s.whatsapp.net', { text: 'hello' })
  await expect.poll(() => got).toMatchObject([{ type: 'message', data: { userId: 'gate', message: { text: 'hello', authorName: 'Ann' } } }])
  await ann.stop()
  await bots.call('POST', '/api/sessions/gate/stop')
  await expect.poll(() => got.at(-1)).toMatchObject({ type: 'state', data: { state: 'stopped' } })

  const { id } = added.body.webhook
  expect((await bots.call('GET', `/api/sessions/gate/webhooks/${id}/dead-letters`)).body.deliveries).toEqual([])
  expect((await bots.call('POST', `/api/sessions/gate/webhooks/${id}/replay`)).body.count).toBe(0)
  expect((await bots.call('DELETE', `/api/sessions/gate/webhooks/${id}`)).status).toBe(200)
  expect((await bots.call('DELETE', `/api/sessions/gate/webhooks/${id}`)).status).toBe(404)
  expect((await bots.call('DELETE', `/api/sessions/gate/webhooks/${rules.id}`)).status).toBe(200)
})

test('a webhook is set, tried out, looked into, paused and replayed over its routes, and what is wrong is said', async () => {
  await bots.call('POST', '/api/sessions/gate/start')
  await expect.poll(() => bots.state('gate')).toBe('online')
  bots.context.change({ webhooks: { allowPrivate: true } })
  const owner = { 'x-api-key': botsKey }
  const hooks = '/api/sessions/gate/webhooks'
  for (const wrong of [
    { headers: { 'Webhook-Id': 'mine' } },
    { headers: { host: 'elsewhere' } },
    { headers: { 'x-a': 'two\r\nlines' } },
    { atOnce: 0 },
    { waits: [] },
    { keepFor: 91 },
    { chats: ['nobody'] },
    { types: ['none'] },
  ])
    expect((await bots.call('POST', hooks, { url, ...wrong }, owner)).status, JSON.stringify(wrong)).toBe(400)
  const wish = { url, chats: ['15550100011'], headers: { 'X-Token': 'canary-1' }, waits: [0.02, 1], types: ['message'] }
  const { webhook } = (await bots.call('POST', hooks, wish, owner)).body
  expect(webhook).toMatchObject({
    ...{ chats: ['15550100011@s.whatsapp.net'], headers: ['x-token'], waits: [0.02, 1], where: 'anywhere', standing: 'on', keepFor: 7 },
  })
  const own = `${hooks}/${webhook.id}`
  const asked = async (method: string, path: string, body?: object) => (await bots.call(method, own + path, body, owner)).body

  expect(await asked('POST', '/test', { type: 'state' })).toMatchObject({
    success: true,
    delivered: true,
    status: 200,
    headers: { 'x-token': '…' },
  })
  expect(got.splice(0)).toMatchObject([{ type: 'state', data: { userId: 'gate' } }])

  const people = await Promise.all(['15550100011', '15550100012'].map((number) => connectContact(bots.double, number, number)))
  for (const person of people) await person.socket.sendMessage('15550100142@s.whatsapp.net', { text: `from ${person.number}` })
  await expect
    .poll(async () => (await asked('GET', '/deliveries')).deliveries)
    .toMatchObject([{ type: 'message', chat: '15550100011@s.whatsapp.net', state: 'delivered', status: 200, attempts: 1, replay: false }])
  const [listed] = (await asked('GET', '/deliveries?chat=15550100011&state=delivered')).deliveries
  expect((await asked('GET', '/deliveries?chat=15550100012')).deliveries).toEqual([])
  expect((await asked('GET', `/deliveries/${listed.id}`)).delivery).toMatchObject({
    body: expect.stringContaining('from 15550100011'),
    tries: [{ status: 200 }],
  })
  expect((await bots.call('GET', `${own}/deliveries/delivery_${'0'.repeat(20)}`, undefined, owner)).status).toBe(404)

  expect((await asked('POST', '/pause')).webhook).toMatchObject({ standing: 'paused' })
  expect(await asked('POST', '/replay', { from: '2026-01-01T00:00:00Z' })).toEqual({
    success: true,
    count: 1,
    left: 0,
    next: null,
    keptSince: null,
  })
  expect((await asked('PATCH', '', { types: [], where: 'groups', chats: [] })).webhook).toMatchObject({
    types: [],
    where: 'groups',
    headers: ['x-token'],
  })
  expect((await asked('POST', '/resume')).webhook).toMatchObject({ standing: 'on' })
  await expect.poll(() => got).toMatchObject([{ type: 'message' }, { type: 'message' }])
  await expect.poll(async () => (await bots.call('GET', hooks, undefined, owner)).body.webhooks).toMatchObject([{ waiting: 0 }])
  await bots.call('DELETE', '/api/sessions/gate/log', undefined, owner)
  expect((await asked('GET', '/deliveries')).deliveries).toEqual([])
  expect(await asked('DELETE', '/dead-letters')).toEqual({ success: true, count: 0 })
  for (const person of people) await person.stop()
})

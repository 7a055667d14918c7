/** A bot's events at an address of the owner's. */
import { createServer, type Server } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { botsKey, serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact } from '../../fakes/whatsapp/contact.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

let bots: ServedBots
let server: Server
let url: string
const got: { type: string; data: Record<string, unknown> }[] = []

beforeEach(async () => {
  got.length = 0
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
})

afterEach(async () => {
  await bots.stop()
  await stopServer(server)
})

test('messages and states reach the address that asked for them, and none after it was removed', async () => {
  await bots.linked('gate', '15550100142')
  const add = (body: object, headers: Record<string, string> = { 'x-api-key': botsKey }) =>
    bots.call('POST', '/api/sessions/gate/webhooks', body, headers)
  // An address that is called with what is said in the chats is more than the use of a bot.
  expect((await add({ url }, {})).status).toBe(401)
  expect((await add({ url })).status).toBe(400)
  bots.context.change({ webhooks: { allowPrivate: true } })
  const worth = `${url}/services/canary-1?token=canary-2`
  expect((await add({ url: worth, types: ['rule'] })).body.webhook.url).toBe(worth)
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
})

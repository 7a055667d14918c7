/** Webhooks get the file of a message as a link that needs no key, or as it is. */
import { randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { botsKey, serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { eventually } from '../../fixtures/eventually.ts'

interface Told {
  type: string
  data: { message: { id: string; media?: Record<string, unknown> } }
}

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const jid = '15550100142@s.whatsapp.net'
const authorities = getCACertificates()
/** What each path of the receiver was told. */
const told = new Map<string, Told[]>()
let now = Date.now()
let media: MediaServer
let double: WhatsAppDouble
let bots: ServedBots
let ann: Contact
let receiver: Server

beforeAll(async () => {
  media = new MediaServer()
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  receiver = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.on('end', () => {
      const path = request.url ?? ''
      told.set(path, [...(told.get(path) ?? []), JSON.parse(text) as Told])
      response.end()
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  double = await WhatsAppDouble.start({ media })
  const clock = { now: () => now, monotonic: () => performance.now() }
  bots = await serveBots({ double, clock, ownUrl: () => bots.url })
  bots.context.change({ webhooks: { allowPrivate: true } })
  ann = await connectContact(double, '15550100011', 'Ann')
  await bots.linked('gate', '15550100142')
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
  await double.stop()
  await media.stop()
  receiver.closeAllConnections()
  receiver.close()
  setDefaultCACertificates(authorities)
  expect(double.errors).toEqual([])
})

/** The webhook's id. */
async function tell(how: 'none' | 'link' | 'base64'): Promise<string> {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/${how}` // a listening server has one
  const { status, body } = await bots.call(
    'POST',
    '/api/sessions/gate/webhooks',
    { url, types: ['message'], media: how },
    { 'x-api-key': botsKey },
  )
  expect({ status, media: body.webhook?.media ?? body.message }).toEqual({ status: 201, media: how })
  return body.webhook.id
}
const heard = (how: string, id: string) =>
  eventually(`${how} is told of ${id}`, () => told.get(`/${how}`)?.find(({ data }) => data.message.id === id)?.data.message)
const say = async (image: Buffer): Promise<string> => (await ann.socket.sendMessage(jid, { image }))?.key.id ?? ''
const open = (link: unknown) => bots.call('GET', String(link).replace(bots.url, ''))

test('a file comes as the webhook has chosen, and what it takes to read it at WhatsApp does not', async () => {
  const ids = new Map<string, string>()
  for (const how of ['none', 'link', 'base64'] as const) ids.set(how, await tell(how))
  const id = await say(png)
  const [none, link, inline] = await Promise.all([heard('none', id), heard('link', id), heard('base64', id)])
  expect(none).not.toHaveProperty('media')
  expect(link.media).toMatchObject({ url: expect.stringMatching(/^http:.*\/api\/media\/[\w-]+$/), expiresAt: expect.any(String) })
  expect(link.media).not.toHaveProperty('data')
  expect(inline.media).toMatchObject({ state: 'kept', mimetype: 'image/png', size: png.length, data: png.toString('base64') })
  expect(JSON.stringify([...told])).not.toMatch(/mediaKey|directPath/)

  const answer = await open(link.media?.['url'])
  expect({ status: answer.status, policy: answer.headers.get('referrer-policy') }).toEqual({ status: 200, policy: 'no-referrer' })
  expect(answer.body.equals(png)).toBe(true)
  // The address says nothing by itself, and nobody else can make one.
  expect(String(link.media?.['url'])).not.toContain('15550100011')
  const letters = String(link.media?.['url'])
  expect((await open(letters.slice(0, -6) + (letters.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'))).status).toBe(404)

  // It ends with its webhook, and after a day.
  expect((await bots.call('DELETE', `/api/sessions/gate/webhooks/${ids.get('link')}`)).status).toBe(200)
  expect((await open(link.media?.['url'])).status).toBe(404)
  expect((await open(inline.media?.['url'])).status).toBe(200)
  now += 25 * 3_600_000
  expect((await open(inline.media?.['url'])).status).toBe(404)
})

test('what is too large for the body, and what cannot be had now, comes as a link', async () => {
  const large = await say(Buffer.concat([png, randomBytes(5_300_000)]))
  const linked = await heard('base64', large)
  expect(linked.media).toMatchObject({ size: 5_300_000 + png.length, url: expect.stringContaining('/api/media/') })
  expect(linked.media).not.toHaveProperty('data')
  media.refuse('download', 503)
  const busy = await say(png)
  expect((await heard('base64', busy)).media).toMatchObject({ state: 'waiting', problem: expect.stringContaining('503') })
  media.allow()
})

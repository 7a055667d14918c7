/** Statuses and channels on the double: off unless wanted, put up, read and taken down. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { QueryIds } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { BotEvent } from '../../../server/bots/contract/native/events.ts'
import type { MediaView } from '../../../server/bots/contract/native/media-view.ts'
import type { StatusView } from '../../../server/bots/contract/native/status.ts'
import { serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { eventually } from '../../fixtures/eventually.ts'

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const bot = '15550100142'
const authorities = getCACertificates()
const time = { ahead: 0 }
let media: MediaServer
let double: WhatsAppDouble
let bots: ServedBots
let ann: Contact
let bob: Contact
let listener: WebSocket
const heard: BotEvent[] = []

beforeAll(async () => {
  media = new MediaServer()
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  double = await WhatsAppDouble.start({ media })
  bots = await serveBots({ double, clock: { now: () => Date.now() + time.ahead, monotonic: () => performance.now() } })
  ;[ann, bob] = await Promise.all([connectContact(double, '15550100011', 'Ann'), connectContact(double, '15550100012', 'Bob')])
  await bots.linked('gate', bot)
  listener = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events`)
  listener.on('message', (data) => heard.push(JSON.parse(String(data))))
  await new Promise((resolve) => listener.once('open', resolve))
})

afterAll(async () => {
  listener.close()
  await Promise.all([ann.stop(), bob.stop()])
  await bots.stop()
  await double.stop()
  await media.stop()
  setDefaultCACertificates(authorities)
  expect(double.errors).toEqual([])
})

const call = (method: string, path: string, body?: object): Promise<Reply> => bots.call(method, `/api/sessions/gate${path}`, body)
const chatOf = (number: string): string => `${number}@s.whatsapp.net`
const toBot = { statusJidList: [chatOf(bot)] }
type Told<Type extends BotEvent['type']> = Extract<BotEvent, { type: Type }>
const told = <Type extends BotEvent['type']>(type: Type, holds: (event: Told<Type>) => boolean): Promise<Told<Type>> =>
  // Looked for by its type.
  eventually(`an event ${type}`, () => heard.find((event): event is Told<Type> => event.type === type && holds(event as Told<Type>)))

test('without being wanted neither statuses nor channels are there', async () => {
  for (const [method, path, body] of [
    ['GET', '/status'],
    ['POST', '/status', { to: 'contacts', type: 'text', text: 'open' }],
    ['DELETE', '/status/3EB0AA'],
    ['GET', '/channels'],
    ['POST', '/channels', { name: 'News' }],
  ] as const) {
    const { status, body: said } = await call(method, path, body)
    expect([status, said.success], `${method} ${path}`).toEqual([409, false])
  }
  expect((await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true, ignores: { status: false, channels: false } })).status).toBe(200)
})

test("a status is put up for the chosen alone, shown among the account's own, and taken down for all", async () => {
  const posted = await call('POST', '/status', { to: [ann.number], type: 'text', text: 'open until nine' })
  expect(posted).toMatchObject({ status: 201, body: { people: 1, status: { fromMe: true, kind: 'text', text: 'open until nine' } } })
  const { id } = posted.body.status
  const seen = await ann.message((message) => textOf(message) === 'open until nine')
  expect(seen.key).toMatchObject({ remoteJid: 'status@broadcast', id, participant: chatOf(bot) })
  const picture = await call('POST', '/status', { to: [ann.number, bob.number], type: 'image', data: png, caption: 'the yard' })
  expect(picture.body).toMatchObject({ people: 2, status: { kind: 'image', text: 'the yard' } })
  expect((await bob.message(({ message }) => message?.imageMessage != null)).message?.imageMessage?.caption).toBe('the yard')
  expect(bob.messages.some((message) => textOf(message) === 'open until nine')).toBe(false)
  expect((await call('GET', '/status')).body.statuses.map(({ text }: { text: string }) => text)).toEqual(['the yard', 'open until nine'])

  expect((await call('DELETE', `/status/${id}`)).status).toBe(200)
  await ann.message(({ message }) => message?.protocolMessage?.key?.id === id)
  await told('status', ({ what, status }) => what === 'removed' && status.id === id)
  expect((await call('DELETE', `/status/${id}`)).status).toBe(404)
  expect((await call('POST', '/status', { to: 'contacts', type: 'text', text: 'for all' })).status).toBe(400)
})

test('statuses of others come apart from chats, are taken down with them, and are gone after a day', async () => {
  const sent = await ann.socket.sendMessage('status@broadcast', { text: 'on holiday' }, toBot)
  const { status } = await told('status', (event) => event.status.text === 'on holiday')
  expect(status).toMatchObject({ id: sent?.key.id, author: chatOf(ann.number), authorName: 'Ann', fromMe: false })
  await bob.socket.sendMessage('status@broadcast', { text: 'back again' }, toBot)
  await told('status', (event) => event.status.text === 'back again')
  const texts = async (query = '') => (await call('GET', `/status${query}`)).body.statuses.map(({ text }: { text: string }) => text)
  expect(await texts(`?by=${ann.number}`)).toEqual(['on holiday'])
  expect(heard.some((event) => event.type === 'message')).toBe(false)
  expect((await call('GET', '/chats')).body.chats).toEqual([])
  const sealed = bots.context.database.prepare('SELECT sealed FROM bot_statuses').pluck().all() as Buffer[] // the column is a blob
  expect(sealed.length > 0 && sealed.every((bytes) => !bytes.includes('holiday'))).toBe(true)

  await ann.socket.sendMessage('status@broadcast', { delete: sent?.key ?? {} }, toBot)
  await told('status', ({ what, status: { id } }) => what === 'removed' && id === sent?.key.id)
  expect(await texts(`?by=${ann.number}`)).toEqual([])
  expect(await texts(`?by=${bob.number}`)).toEqual(['back again'])
  time.ahead = 25 * 3_600_000
  expect(await texts()).toEqual([])
  time.ahead = 0
})

test('the picture of a status is fetched when it is asked for, kept sealed, and gone with the status and after a day', async () => {
  const folder = join(bots.context.dataDir, 'bots', 'files')
  const post = async (caption: string) => {
    const sent = await ann.socket.sendMessage('status@broadcast', { image: Buffer.from(png, 'base64'), caption }, toBot)
    return { sent, ...(await told('status', (event) => event.status.text === caption && event.what === 'posted')).status }
  }
  const [yard, ramp] = [await post('our yard'), await post('our ramp')]
  expect(yard.media).toEqual({ state: 'waiting', problem: null, size: 70, url: `/api/sessions/gate/status/${yard.id}/media` })
  // What clears the log leaves statuses alone.
  expect((await call('DELETE', '/log')).status).toBe(200)
  for (const { id } of [yard, ramp]) {
    const { status, headers, body } = await call('GET', `/status/${id}/media`)
    expect([status, headers.get('content-type'), body.toString('base64')]).toEqual([200, 'image/png', png])
  }
  const kept = readdirSync(folder)
  expect(kept).toHaveLength(2)
  expect(kept.some((name) => readFileSync(join(folder, name)).includes('PNG'))).toBe(false)
  expect(
    (await call('GET', `/status?by=${ann.number}`)).body.statuses.map(({ media: { state } }: StatusView & { media: MediaView }) => state),
  ).toEqual(['kept', 'kept'])

  await ann.socket.sendMessage('status@broadcast', { delete: yard.sent?.key ?? {} }, toBot)
  await eventually('its file is gone', () => readdirSync(folder).length === 1)
  expect((await call('GET', `/status/${yard.id}/media`)).status).toBe(404)
  time.ahead = 25 * 3_600_000
  expect((await call('GET', `/status/${ramp.id}/media`)).status).toBe(404)
  // Which looks at once for what has had its time.
  bots.room.messages.start()
  time.ahead = 0
  expect(bots.context.database.prepare('SELECT count(*) FROM bot_media').pluck().get()).toBe(0)
})

test('a rule that names statuses answers whoever put one up, and no other rule sees it', async () => {
  bots.context.change({ bots: { pause: 0 } })
  const match = { text: { how: 'contains', value: 'pallets' } }
  for (const [where, template] of [
    ['anywhere', 'seen anywhere'],
    ['status', 'we take two'],
  ] as const) {
    const rule = { name: where, match: { ...match, where }, action: { type: 'reply', template } }
    expect((await call('POST', '/rules', { ...rule, stop: false })).status).toBe(201)
  }
  await bob.socket.sendMessage('status@broadcast', { text: 'pallets, cheap' }, toBot)
  const answer = await bob.message((message) => textOf(message) === 'we take two')
  expect(answer.key.remoteJid).toBe(chatOf(bot))
  expect(bob.messages.some((message) => textOf(message) === 'seen anywhere')).toBe(false)
})

test('what WhatsApp refuses of a status is an answer', async () => {
  double.acks.refuseIn('status@broadcast', 429)
  const held = await call('POST', '/status', { to: [ann.number], type: 'text', text: 'too much' })
  expect([held.status, held.headers.get('retry-after')]).toEqual([429, '60'])
  double.acks.refuseIn('status@broadcast', 403)
  expect((await call('POST', '/status', { to: [ann.number], type: 'text', text: 'no' })).status).toBe(502)
  double.acks.refuseIn('status@broadcast', 0)
  expect((await call('GET', '/status')).body.statuses.some(({ text }: { text: string }) => text === 'no' || text === 'too much')).toBe(
    false,
  )
})

test('a channel is found by its link, followed, read, reacted to, muted and left', async () => {
  const { id, invite } = double.channels.add({ id: '120363900000000001@newsletter', name: 'Yard news', owner: ann.number })
  const first = double.channels.post(id, { conversation: 'ramp 2 is closed' }, 'POST1')
  const second = double.channels.post(id, { extendedTextMessage: { text: 'ramp 2 is open' } }, 'POST2')
  expect((await call('GET', `/channel-invites/${invite}`)).body.channel).toMatchObject({
    id,
    name: 'Yard news',
    role: 'guest',
    followers: 0,
  })
  expect((await call('POST', `/channels/${id}/follow`, {})).status).toBe(200)
  expect((await call('GET', '/channels')).body.channels).toMatchObject([{ id, role: 'follower', muted: false }])
  expect((await call('POST', `/channels/${id}/messages/${first}/reaction`, { emoji: '👍' })).status).toBe(200)
  const page = async (query = '') => (await call('GET', `/channels/${id}/messages${query}`)).body.messages
  expect(await page()).toMatchObject([
    { serverId: second, id: 'POST2', kind: 'text', text: 'ramp 2 is open', reactions: [] },
    { serverId: first, text: 'ramp 2 is closed', reactions: [{ emoji: '👍', count: 1 }] },
  ])
  expect(await page(`?before=${second}&limit=1`)).toMatchObject([{ serverId: first }])
  await call('POST', `/channels/${id}/messages/${first}/reaction`, { emoji: '' })
  expect((await page())[1].reactions).toEqual([])
  await call('POST', `/channels/${id}/mute`, {})
  expect((await call('GET', `/channels/${id}`)).body.channel.muted).toBe(true)

  const third = double.channels.post(id, { conversation: 'gate 4 moves' }, 'POST3')
  await told('message', ({ message }) => message.chat === id && message.text === 'gate 4 moves')
  double.channels.tell(id, third, { views: 12 })
  expect(await told('channel', ({ what }) => what === 'views')).toMatchObject({ channel: id, serverId: third, views: 12 })
  double.channels.rename(id, 'Yard 4 news')
  expect(await told('channel', ({ what }) => what === 'changed')).toMatchObject({ name: 'Yard 4 news' })
  await call('POST', `/channels/${id}/follow`, { on: false })
  expect(double.channels.get(id).followers.size).toBe(0)
  expect((await call('POST', `/channels/${id}/messages`, { type: 'text', text: 'mine' })).status).toBe(403)
})

test("a channel of the account's own is made and written in", async () => {
  const { channel } = (await call('POST', '/channels', { name: 'Gate news', description: 'all of it' })).body
  expect(channel).toMatchObject({ name: 'Gate news', description: 'all of it', role: 'owner' })
  const text = await call('POST', `/channels/${channel.id}/messages`, { type: 'text', text: 'we are here' })
  expect(text).toMatchObject({ status: 201, body: { serverId: expect.stringMatching(/^\d+$/) } })
  await call('POST', `/channels/${channel.id}/messages`, { type: 'image', data: png, caption: 'the gate' })
  const { messages } = (await call('GET', `/channels/${channel.id}/messages`)).body
  expect(messages).toMatchObject([
    { kind: 'image', text: 'the gate' },
    { serverId: text.body.serverId, text: 'we are here' },
  ])
})

test('what WhatsApp refuses of a channel is said with a status of its own', async () => {
  expect((await call('GET', '/channels/120363900000099999@newsletter')).status).toBe(404)
  expect((await call('GET', '/channel-invites/nosuchlink')).status).toBe(404)
  for (const [code, status] of [
    [400, 400],
    [403, 403],
    [429, 429],
    [500, 502],
  ] as const) {
    double.channels.refuse(QueryIds.FOLLOW, code)
    const refused = await call('POST', '/channels/120363900000000001@newsletter/follow', {})
    expect([refused.status, refused.body.success], String(code)).toEqual([status, false])
  }
  await bots.call('POST', '/api/sessions/gate/stop')
  expect((await call('GET', '/channels')).status).toBe(409)
  expect((await call('POST', '/status', { to: [ann.number], type: 'text', text: 'x' })).status).toBe(409)
})

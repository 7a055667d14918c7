/** Sending and reading through the library: queue, pace, acknowledgements, log, groups. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { BotEvent } from '../../../server/bots/contract/native/events.ts'
import { serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'

const bot = { id: 'gate', number: '15550100142' }
const annNumber = '15550100011'
let bots: ServedBots
let ann: Contact

beforeEach(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, annNumber, 'Ann')
  await bots.linked(bot.id, bot.number)
})

afterEach(async () => {
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const send = (body: object, headers?: Record<string, string>): Promise<Reply> =>
  bots.call('POST', '/api/sessions/gate/messages', { to: annNumber, type: 'text', text: 'hello', ...body }, headers)
const status = async (id: string): Promise<string> => (await bots.call('GET', `/api/sessions/gate/messages/${id}`)).body.message.status
const reaches = (id: string, wanted: string) => expect.poll(() => status(id)).toBe(wanted)

function listen(types = ''): Promise<{ events: BotEvent[]; close(): void }> {
  const socket = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events${types}`)
  const events: BotEvent[] = []
  socket.on('message', (data) => events.push(JSON.parse(String(data))))
  return new Promise((resolve, reject) => socket.once('open', () => resolve({ events, close: () => socket.close() })).once('error', reject))
}

test('a text is queued, sent, delivered and read, and the answer is heard', async () => {
  const listener = await listen()
  const sent = await send({})
  expect(sent).toMatchObject({ status: 202, body: { success: true, message: { kind: 'text', chat: `${annNumber}@s.whatsapp.net` } } })
  const { messageId } = sent.body.message
  const heard = await ann.message((message) => textOf(message) === 'hello')
  expect(heard.key.id).toBe(messageId)
  await reaches(messageId, 'delivered')
  await ann.socket.readMessages([heard.key])
  await reaches(messageId, 'read')

  await ann.socket.sendMessage(`${bot.number}@s.whatsapp.net`, { text: 'hello yourself' })
  await expect
    .poll(() => listener.events.find((event) => event.type === 'message' && event.message.text === 'hello yourself'))
    .toMatchObject({ message: { authorName: 'Ann', fromMe: false, kind: 'text' } })
  expect(listener.events.flatMap((event) => (event.type === 'progress' ? [event.message.status] : []))).toEqual(
    expect.arrayContaining(['sent', 'delivered', 'read']),
  )
  listener.close()
})

test('location, contact, reaction and reply arrive as what they are', async () => {
  const asked = (await ann.socket.sendMessage(`${bot.number}@s.whatsapp.net`, { text: 'where' }))?.key.id ?? ''
  await send({ type: 'location', latitude: 51.5, longitude: -0.1, name: 'Gate 4' })
  await send({ type: 'contact', name: 'Front desk', phoneNumber: '15550100199' })
  await send({ type: 'reaction', emoji: '👍', message: { id: asked } })
  await send({ text: 'here', replyTo: { id: asked, text: 'where' } })
  expect((await ann.message(({ message }) => message?.locationMessage != null)).message?.locationMessage).toMatchObject({
    degreesLatitude: 51.5,
    name: 'Gate 4',
  })
  expect((await ann.message(({ message }) => message?.contactMessage != null)).message?.contactMessage?.vcard).toContain('waid=15550100199')
  expect((await ann.message(({ message }) => message?.reactionMessage != null)).message?.reactionMessage).toMatchObject({ text: '👍' })
  expect((await ann.message((message) => textOf(message) === 'here')).message?.extendedTextMessage?.contextInfo?.stanzaId).toBe(asked)
})

test('with an Idempotency-Key a repeated call sends once, and another message under it is refused', async () => {
  const key = { 'idempotency-key': 'order-17' }
  const [first, second] = await Promise.all([send({}, key), send({}, key)])
  expect(second.body.message.messageId).toBe(first.body.message.messageId)
  expect((await send({ text: 'other' }, key)).status).toBe(409)
  await reaches(first.body.message.messageId, 'delivered')
  await send({ text: 'after it' })
  await ann.message((message) => textOf(message) === 'after it')
  expect(ann.messages.filter((message) => textOf(message) === 'hello')).toHaveLength(1)
})

test('messages wait while the bot is stopped and go out in their order when it is back', async () => {
  await bots.call('POST', '/api/sessions/gate/stop')
  const ids: string[] = []
  for (const text of ['one', 'two', 'three']) ids.push((await send({ text })).body.message.messageId)
  expect((await bots.call('GET', '/api/sessions/gate/messages')).body.queue).toBe(3)
  expect((await bots.call('DELETE', `/api/sessions/gate/messages/${ids[1]}`)).status).toBe(200)
  await bots.call('POST', '/api/sessions/gate/start')
  await ann.message((message) => textOf(message) === 'three')
  expect(ann.messages.map(textOf)).toEqual(['one', 'three'])
  expect((await bots.call('DELETE', `/api/sessions/gate/messages/${ids[0]}`)).status).toBe(409)
})

test('nothing is sent to a number without an account', async () => {
  bots.double.accounts.strangers.add('15550100666')
  expect((await bots.call('GET', '/api/sessions/gate/numbers/15550100666')).body).toMatchObject({ exists: false })
  expect((await bots.call('GET', `/api/sessions/gate/numbers/${annNumber}`)).body).toMatchObject({ exists: true })
  const { messageId } = (await send({ to: '15550100666' })).body.message
  await reaches(messageId, 'failed')
  expect((await bots.call('GET', `/api/sessions/gate/messages/${messageId}`)).body.message.problem).toContain('no WhatsApp account')
})

test('the daily limit holds messages back and says until when, over a restart of the bot too', async () => {
  bots.context.change({ bots: { dailyCap: 1 } })
  const first = (await send({})).body.message.messageId
  await reaches(first, 'delivered')
  const second = (await send({ text: 'tomorrow' })).body.message.messageId
  await bots.room.service.get('gate').restart()
  await expect.poll(() => bots.state('gate')).toBe('online')
  expect(await status(second)).toBe('queued')
  const { bot: view } = (await bots.call('GET', '/v1/bots/gate')).body
  expect(view.queue).toBe(1)
  expect(Date.parse(view.cappedUntil) - Date.now()).toBeGreaterThan(86_000_000)
})

test('a group is listed, written to and read', async () => {
  const group = '120363000000000001@g.us'
  bots.double.addGroup({ id: group, subject: 'Yard', owner: annNumber, members: [annNumber, bot.number] })
  expect((await bots.call('GET', '/api/sessions/gate/groups')).body.groups).toEqual([{ id: group, subject: 'Yard', members: 2 }])
  const listener = await listen('?types=message')
  await send({ to: group, text: 'to all' })
  expect((await ann.message((message) => textOf(message) === 'to all')).key.remoteJid).toBe(group)
  await ann.socket.sendMessage(group, { text: 'from all' })
  await expect
    .poll(() => listener.events.find((event) => event.type === 'message' && event.message.text === 'from all'))
    .toMatchObject({ message: { chat: group, author: expect.stringContaining(annNumber) } })
  expect(listener.events.every(({ type }) => type === 'message')).toBe(true)
  listener.close()
})

test('a log is kept only where it is wanted, searched, cleared and sealed', async () => {
  await ann.socket.sendMessage(`${bot.number}@s.whatsapp.net`, { text: 'before' })
  await expect.poll(() => bots.room.messages.total).toBe(1)
  expect(bots.room.service.get('gate').row.settings.keepsLog).toBe(false)
  expect((await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })).body.keepsLog).toBe(true)
  await ann.socket.sendMessage(`${bot.number}@s.whatsapp.net`, { text: 'the blue container' })
  await ann.socket.sendMessage(`${bot.number}@s.whatsapp.net`, { text: 'something else' })
  const log = (query = '') =>
    bots.call('GET', `/api/sessions/gate/log${query}`).then(({ body }) => body.messages.map(({ text }: { text: string }) => text))
  await expect.poll(() => log()).toEqual(['something else', 'the blue container'])
  expect(await log('?text=BLUE')).toEqual(['the blue container'])
  const sealed = bots.context.database.prepare('SELECT sealed FROM bot_log').pluck().all() as Buffer[] // the column is a blob
  expect(sealed.some((bytes) => bytes.includes('container'))).toBe(false)
  expect((await bots.call('DELETE', '/api/sessions/gate/log')).status).toBe(200)
  expect(await log()).toEqual([])
})

test('typing and reading reach the other side; offline they are refused', async () => {
  const typing = new Promise((resolve) =>
    ann.socket.ev.on('presence.update', ({ presences }) => resolve(Object.values(presences)[0]?.lastKnownPresence)),
  )
  expect((await bots.call('POST', '/api/sessions/gate/presence', { state: 'typing', chat: annNumber })).status).toBe(200)
  expect(await typing).toBe('composing')
  expect((await bots.call('POST', '/api/sessions/gate/presence', { state: 'typing' })).status).toBe(400)
  await bots.call('POST', '/api/sessions/gate/stop')
  expect((await bots.call('GET', '/api/sessions/gate/groups')).status).toBe(409)
})

test('bad messages are refused and queue nothing', async () => {
  for (const body of [
    { to: '../x' },
    { to: '+1 555' },
    { type: 'unknown' },
    { text: '' },
    { type: 'image', data: 'not base64!' },
    { type: 'location', latitude: 91, longitude: 0 },
  ]) {
    expect(await send(body), JSON.stringify(body)).toMatchObject({ status: 400, body: { success: false } })
  }
  expect((await bots.call('GET', '/api/sessions/gate/messages')).body.messages).toEqual([])
})

test.each(['soon', '9'.repeat(18)])('a message that says it is of the time %s is kept and told like any other', async (t) => {
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.double.deliveries.change('15550100142', (stanza) => ({ ...stanza, attrs: { ...stanza.attrs, t } }))
  await ann.socket.sendMessage('15550100142@s.whatsapp.net', { text: 'out of time' })
  const log = async () => (await bots.call('GET', '/api/sessions/gate/log')).body.messages
  await expect.poll(async () => (await log())?.length).toBe(1)
  expect(await log()).toMatchObject([{ text: 'out of time', at: expect.stringMatching(/^20/) }])
})

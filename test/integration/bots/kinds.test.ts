/** Every kind that goes out, as the receiver's library decodes it; and what can be done to it afterwards. One room for all. */
import { normalizeMessageContent, type proto, type WAMessage } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { eventually } from '../../fixtures/eventually.ts'

const botNumber = '15550100142'
const bot = `${botNumber}@s.whatsapp.net`
const group = '120363000000000001@g.us'
let bots: ServedBots
let ann: Contact
let bob: Contact
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  bob = await connectContact(bots.double, '15550100022', 'Bob')
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, bob.number, botNumber] })
  await bots.linked('gate', botNumber)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.room.messages.subscribe('gate', (event) => events.push(event))
})

afterAll(async () => {
  await ann.stop()
  await bob.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const path = '/api/sessions/gate'
const send = (body: object, headers?: Record<string, string>): Promise<Reply> =>
  bots.call('POST', `${path}/messages`, { to: ann.number, ...body }, headers)
const idOf = ({ status, body }: Reply): string => (status === 202 ? body.message.messageId : expect.fail(JSON.stringify(body)))
const received = async (id: string, by = ann): Promise<WAMessage> => by.message(({ key }) => key.id === id)
const said = async (id: string, by = ann): Promise<proto.IMessage> => normalizeMessageContent((await received(id, by)).message) ?? {}
const sent = async (body: object, by = ann): Promise<proto.IMessage> => said(idOf(await send(body)), by)
const row = async (id: string) => (await bots.call('GET', `${path}/messages/${id}`)).body.message
const logged = async (id: string) =>
  (await bots.call('GET', `${path}/log?limit=500`)).body.messages.find((each: { id: string }) => each.id === id)

test('a text names people, and in a group everybody', async () => {
  const { extendedTextMessage } = await sent({ to: group, type: 'text', text: 'over to @15550100022', mentions: [bob.number] })
  expect(extendedTextMessage).toMatchObject({ contextInfo: { mentionedJid: [`${bob.number}@s.whatsapp.net`] } })
  const all = await sent({ to: group, type: 'text', text: '@all come', mentions: 'all' })
  expect(all.extendedTextMessage?.contextInfo?.nonJidMentions).toBe(1)
  expect(await send({ type: 'text', text: '@all', mentions: 'all' })).toMatchObject({ status: 400 })
})

test('in a group of hidden ids whoever is named by number is named as the group has them', async () => {
  const hidden = '120363000000000002@g.us'
  bots.double.addGroup({
    id: hidden,
    subject: 'Night',
    owner: ann.number,
    members: [ann.number, bob.number, botNumber],
    hides: 'with-number',
  })
  const { lid } = bots.double.account(bob.number)
  const { extendedTextMessage } = await sent({ to: hidden, type: 'text', text: 'hi @15550100022!', mentions: [bob.number] })
  expect(extendedTextMessage).toMatchObject({
    text: `hi @${lid.split('@')[0]}!`,
    contextInfo: { mentionedJid: [lid.includes('@') ? lid : `${lid}@lid`] },
  })
})

test('a link is shown with what the caller says of it', async () => {
  const preview = { url: 'https://example.com/gate', title: 'Gate 4', description: 'Open until ten' }
  const { extendedTextMessage } = await sent({ type: 'text', text: 'see https://example.com/gate', preview })
  expect(extendedTextMessage).toMatchObject({ matchedText: preview.url, title: preview.title, description: preview.description })
  expect(await send({ type: 'text', text: 'elsewhere', preview })).toMatchObject({ status: 400 })
})

test('several contacts go out as one message, made here or given', async () => {
  const vcard = 'BEGIN:VCARD\nVERSION:3.0\nFN:Night desk\nTEL;waid=15550100188:+15550100188\nEND:VCARD'
  const { contactsArrayMessage } = await sent({ type: 'contact', contacts: [{ name: 'Desk', phoneNumber: '15550100199' }, { vcard }] })
  expect(contactsArrayMessage?.contacts).toMatchObject([
    { displayName: 'Desk', vcard: expect.stringContaining('waid=15550100199') },
    { displayName: 'Night desk', vcard },
  ])
})

test('a place has its address', async () => {
  const { locationMessage } = await sent({ type: 'location', latitude: 51.5, longitude: -0.1, name: 'Gate 4', address: '1 Yard Lane' })
  expect(locationMessage).toMatchObject({ degreesLatitude: 51.5, name: 'Gate 4', address: '1 Yard Lane' })
})

test('a reaction is taken back with an empty one', async () => {
  const asked = (await ann.socket.sendMessage(bot, { text: 'thanks' }))?.key.id ?? ''
  expect((await sent({ type: 'reaction', emoji: '👍', message: { id: asked } })).reactionMessage).toMatchObject({ text: '👍' })
  expect((await sent({ type: 'reaction', emoji: '', message: { id: asked } })).reactionMessage).toMatchObject({
    text: '',
    key: { id: asked },
  })
})

test('an answer shows what it answers, whoever wrote it, also where it is not in the log', async () => {
  const place = (await bob.socket.sendMessage(group, { location: { degreesLatitude: 1, degreesLongitude: 2, name: 'Ramp' } }))?.key.id ?? ''
  await expect.poll(() => logged(place)).toBeDefined()
  const { extendedTextMessage } = await sent({ to: group, type: 'text', text: 'there', replyTo: { id: place } })
  expect(extendedTextMessage?.contextInfo).toMatchObject({
    stanzaId: place,
    participant: `${bob.number}@s.whatsapp.net`,
    quotedMessage: { locationMessage: { name: 'Ramp' } },
  })
  const unknown = { id: 'ABCDEF012345', text: 'long ago' }
  expect(await send({ to: group, type: 'text', text: 'who?', replyTo: unknown })).toMatchObject({ status: 400 })
  const known = await sent({ to: group, type: 'text', text: 'yes', replyTo: { ...unknown, author: bob.number } })
  expect(known.extendedTextMessage?.contextInfo).toMatchObject({
    stanzaId: unknown.id,
    participant: `${bob.number}@s.whatsapp.net`,
    quotedMessage: { extendedTextMessage: { text: 'long ago' } },
  })
})

test('what came in is passed on, marked; what was sent from here is not marked', async () => {
  const asked = (await bob.socket.sendMessage(bot, { text: 'ramp 2 is free' }))?.key.id ?? ''
  await expect.poll(() => logged(asked)).toBeDefined()
  const passed = await sent({ type: 'forward', message: asked })
  expect(passed.extendedTextMessage).toMatchObject({ text: 'ramp 2 is free', contextInfo: { isForwarded: true, forwardingScore: 1 } })
  const own = idOf(await send({ type: 'text', text: 'my own words' }))
  await received(own)
  const again = await sent({ type: 'forward', message: own })
  expect(again.extendedTextMessage?.text).toBe('my own words')
  expect(again.extendedTextMessage?.contextInfo?.isForwarded).not.toBe(true)
  expect(await send({ type: 'forward', message: 'ABCDEF012345' })).toMatchObject({ status: 404 })
})

test('a text is changed here and there, and not by or for somebody else', async () => {
  const id = idOf(await send({ type: 'text', text: 'ramp 2' }))
  await received(id)
  const edit = await bots.call('PUT', `${path}/messages/${id}`, { text: 'ramp 3' })
  const changed = await ann.event('messages.update', (updates) =>
    updates.some(({ key, update }) => key.id === id && update.message?.editedMessage != null),
  )
  expect(JSON.stringify(changed)).toContain('ramp 3')
  expect(edit).toMatchObject({ status: 202, body: { message: { kind: 'edit' } } })
  await expect.poll(async () => (await row(idOf(edit))).status).toBe('delivered')
  const hers = (await ann.socket.sendMessage(bot, { text: 'hers' }))?.key.id ?? ''
  await expect.poll(() => logged(hers)).toBeDefined()
  expect(await bots.call('PUT', `${path}/messages/${hers}`, { text: 'mine' })).toMatchObject({ status: 409 })
  expect(await bots.call('PUT', `${path}/messages/ABCDEF012345`, { text: 'what' })).toMatchObject({ status: 404 })
  expect(await bots.call('PUT', `${path}/messages/${id}`, { text: '' })).toMatchObject({ status: 409 })
})

test('a message is deleted for all, of others as admin of the group alone, and the queue keeps no word of it', async () => {
  const id = idOf(await send({ type: 'text', text: 'wrong chat' }))
  await received(id)
  expect(await bots.call('DELETE', `${path}/messages/${id}?for=all`)).toMatchObject({ status: 202, body: { message: { kind: 'delete' } } })
  await ann.event('messages.update', (updates) => updates.some(({ key, update }) => key.id === id && update.message === null))
  await expect
    .poll(async () =>
      JSON.stringify(
        (await bots.call('GET', `${path}/messages`)).body.messages.filter((each: { messageId: string }) => each.messageId === id),
      ),
    )
    .not.toContain('wrong chat')
  await expect.poll(async () => (await logged(id))?.deletedAt).toEqual(expect.any(String))
  expect(await bots.call('PUT', `${path}/messages/${id}`, { text: 'and yet' })).toMatchObject({ status: 409 })
  const spam = (await bob.socket.sendMessage(group, { text: 'spam' }))?.key.id ?? ''
  await expect.poll(() => logged(spam)).toBeDefined()
  const refused = idOf(await bots.call('DELETE', `${path}/messages/${spam}?for=all`))
  await expect.poll(async () => (await row(refused)).problem).toContain('Only an admin')
  await ann.socket.groupParticipantsUpdate(group, [bot], 'promote')
  await eventually('the bot knows that it is an admin', () =>
    events.some((event) => event.type === 'group' && event.group.what === 'promoted'),
  )
  await bots.call('DELETE', `${path}/messages/${spam}?for=all`)
  await ann.event('messages.update', (updates) => updates.some(({ key, update }) => key.id === spam && update.message === null))
  const hers = (await ann.socket.sendMessage(bot, { text: 'hers' }))?.key.id ?? ''
  await expect.poll(() => logged(hers)).toBeDefined()
  expect(await bots.call('DELETE', `${path}/messages/${hers}?for=all`)).toMatchObject({ status: 409 })
})

test('where messages vanish, what goes out vanishes as well', async () => {
  await bob.socket.sendMessage(bot, { text: 'gone tomorrow' }, { ephemeralExpiration: 86_400 })
  await expect.poll(async () => JSON.stringify((await bots.call('GET', `${path}/log`)).body)).toContain('gone tomorrow')
  const { extendedTextMessage } = await sent({ to: bob.number, type: 'text', text: 'so is this' }, bob)
  expect(extendedTextMessage?.contextInfo?.expiration).toBe(86_400)
  await bob.socket.sendMessage(bot, { disappearingMessagesInChat: false })
  await expect
    .poll(
      async () => (await sent({ to: bob.number, type: 'text', text: 'this stays' }, bob)).extendedTextMessage?.contextInfo?.expiration ?? 0,
    )
    .toBe(0)
})

test.each([
  { type: 'poll', question: '', options: ['a', 'b'] },
  { type: 'poll', question: 'one?', options: ['a'] },
  { type: 'poll', question: 'same?', options: ['a', 'a'] },
  { type: 'poll', question: 'many?', options: Array.from({ length: 13 }, (_, index) => `${index}`) },
  { type: 'poll', question: 'more?', options: ['a', 'b'], selectable: 3 },
  { type: 'contact' },
  { type: 'contact', contacts: [] },
  { type: 'contact', contacts: [{ vcard: 'not a card' }] },
  { type: 'text', text: 'hello', mentions: ['everybody'] },
  { type: 'text', text: 'see https://example.com', preview: { url: 'https://example.com', title: 'x', picture: 'AAAA' } },
  { type: 'forward' },
])('$type that is malformed is refused: %j', async (body) => {
  expect(await send(body)).toMatchObject({ status: 400, body: { success: false } })
})

test('an Idempotency-Key holds for what is made anew each time', async () => {
  const poll = { type: 'poll', question: 'Again?', options: ['yes', 'no'] }
  const [first, second] = await Promise.all([send(poll, { 'idempotency-key': 'poll-1' }), send(poll, { 'idempotency-key': 'poll-1' })])
  expect(idOf(second)).toBe(idOf(first))
  expect(await send({ ...poll, question: 'Other?' }, { 'idempotency-key': 'poll-1' })).toMatchObject({ status: 409 })
})

/** One person is one chat, however WhatsApp names people. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BotEvent, ChatView } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { patience } from '../../fixtures/patience.ts'

const number = '15550100142'
const [annNumber, benNumber, evaNumber] = ['15550100011', '15550100012', '551187654321']
/** As people in Brazil write it, with the ninth digit that the account does not have. */
const evaWritten = '5511987654321'
const group = '120363000000000001@g.us'
const lidOf = (of: string): string => `9${of.padStart(15, '0')}@lid`
const chatOf = (of: string): string => `${of}@s.whatsapp.net`

let bots: ServedBots
let [ann, ben, eva]: Contact[] = []
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots({ timing: { backOff: () => 5 } })
  bots.context.change({ bots: { pause: 0 } })
  bots.double.lookups.canonical(evaWritten, evaNumber)
  ;[ann, ben, eva] = await Promise.all([
    connectContact(bots.double, annNumber, 'Ann'),
    connectContact(bots.double, benNumber, 'Ben'),
    connectContact(bots.double, evaNumber, 'Eva'),
  ])
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.room.messages.subscribe('gate', (event) => events.push(event))
})

beforeEach(() => {
  bots.double.accounts.senders = 'number'
  bots.double.lookups.allow('accounts')
  bots.double.lookups.allow('groups')
  events.length = 0
})

afterEach(() => expect(bots.double.errors).toEqual([]))

afterAll(async () => {
  await Promise.all([ann, ben, eva].map((contact) => contact?.stop()))
  await bots.stop()
})

const at = (path: string) => bots.call('GET', `/api/sessions/gate${path}`).then(({ body }) => body)
const chats = async (): Promise<ChatView[]> => (await at('/chats')).chats
const texts = async (chat: string): Promise<string[]> => (await at(`/log?chat=${chat}`)).messages.map(({ text }: { text: string }) => text)
const send = async (to: string, text: string, headers = {}) =>
  (await bots.call('POST', '/api/sessions/gate/messages', { to, type: 'text', text }, headers)).body.message
const status = async (id: string): Promise<string> => (await at(`/messages/${id}`)).message.status
const write = (contact: Contact | undefined, text: string, to = chatOf(number)) => contact?.socket.sendMessage(to, { text })
const told = (text: string) =>
  expect.poll(() => events.some((event) => event.type === 'message' && event.message.text === text), { timeout: patience }).toBe(true)
const device = () => bots.double.online().find(({ account }) => account.number === number)

test('a number that the account writes otherwise is looked up, and messages to either go to the account, in one chat', async () => {
  expect(await at(`/numbers/${evaWritten}`)).toEqual({
    ...{ success: true, number: evaWritten, exists: true },
    ...{ phoneNumber: evaNumber, hiddenId: lidOf(evaNumber), chat: chatOf(evaNumber) },
  })
  const first = await send(evaWritten, 'hello', { 'idempotency-key': 'one' })
  expect(first.chat).toBe(chatOf(evaNumber))
  await eva?.message((message) => textOf(message) === 'hello')
  await write(eva, 'hello yourself')
  await told('hello yourself')
  expect((await send(evaWritten, 'hello', { 'idempotency-key': 'one' })).messageId).toBe(first.messageId)
  expect(await texts(evaWritten)).toEqual(await texts(evaNumber))
  expect((await chats()).map(({ chat }) => chat)).toEqual([chatOf(evaNumber)])
  bots.double.accounts.strangers.add('15550109999')
  expect(await at('/numbers/15550109999')).toMatchObject({ exists: false, phoneNumber: null, hiddenId: null, chat: null })
})

test('a contact, an author and a sample for the rules may be named by the number as people write it', async () => {
  expect(await at(`/contacts/${evaWritten}`)).toMatchObject({ contact: { id: chatOf(evaNumber), pushName: 'Eva' } })
  expect((await bots.call('POST', `/api/sessions/gate/contacts/${evaWritten}/block`)).status).toBe(200)
  expect(await at(`/contacts/${evaNumber}`)).toMatchObject({ contact: { blocked: true } })
  expect((await bots.call('DELETE', `/api/sessions/gate/contacts/${evaWritten}/block`)).status).toBe(200)
  // One that nobody has looked up.
  const written = '5531987654321'
  bots.double.lookups.canonical(written, annNumber)
  expect(await at(`/contacts/${written}`)).toMatchObject({ contact: { id: chatOf(annNumber) } })
  const rule = { name: 'Eva alone', match: { senders: [evaNumber] }, action: { type: 'reply', template: 'yes' } }
  const { body } = await bots.call('POST', '/api/sessions/gate/rules/try', { message: { from: evaWritten, text: 'hello' }, rule })
  expect(body).toMatchObject({ success: true, acts: [{ name: 'Eva alone' }] })
})

test('a message whose number nobody has looked up goes to the account that WhatsApp names', async () => {
  const written = '5521987654321'
  bots.double.lookups.canonical(written, annNumber)
  const { messageId } = await send(written, 'the other way')
  await ann?.message((message) => textOf(message) === 'the other way')
  expect((await at(`/messages/${messageId}`)).message.chat).toBe(chatOf(annNumber))
})

test('a person is one chat under the number, and under the hidden id with and without it, over restarts too', async () => {
  await write(ann, 'by number')
  await told('by number')
  for (const senders of ['hidden-with-number', 'hidden-alone'] as const) {
    bots.double.accounts.senders = senders
    await write(ann, senders)
    await told(senders)
  }
  await bots.room.service.get('gate').restart()
  await expect.poll(() => bots.state('gate'), { timeout: patience }).toBe('online')
  await write(ann, 'after a restart')
  await told('after a restart')
  expect((await texts(annNumber)).slice(0, 4)).toEqual(['after a restart', 'hidden-alone', 'hidden-with-number', 'by number'])
  const { messages } = await at(`/log?chat=${lidOf(annNumber)}&limit=1`)
  expect(messages).toMatchObject([{ chat: chatOf(annNumber), author: chatOf(annNumber) }])
  expect((await at(`/people/${lidOf(annNumber)}`)).person).toEqual({
    ...{ chat: chatOf(annNumber), phoneNumber: annNumber, hiddenId: lidOf(annNumber) },
  })
  expect((await at(`/people/${annNumber}`)).person.hiddenId).toBe(lidOf(annNumber))
})

test('receipts go to the id under which the messages came, after a restart too', async () => {
  bots.double.accounts.senders = 'hidden-alone'
  await write(ann, 'read me')
  await told('read me')
  await bots.room.service.get('gate').restart()
  await expect.poll(() => bots.state('gate'), { timeout: patience }).toBe('online')
  expect((await bots.call('POST', '/api/sessions/gate/read', { chat: annNumber })).status).toBe(200)
  await expect
    .poll(() => device()?.connection?.received.find(({ tag, attrs }) => tag === 'receipt' && attrs['type'] === 'read')?.attrs['to'])
    .toBe(lidOf(annNumber))
})

test('what somebody wrote under a hidden id moves to their chat when the number becomes known', async () => {
  bots.double.accounts.senders = 'hidden-alone'
  await write(ben, 'who am I')
  await told('who am I')
  expect(await chats()).toContainEqual(expect.objectContaining({ chat: lidOf(benNumber), phoneNumber: null, name: 'Ben', unread: 1 }))
  await bots.call('POST', '/api/sessions/gate/rules', {
    ...{ name: 'Ben', match: { chats: [lidOf(benNumber)], text: { how: 'equals', value: 'ping' } } },
    action: { type: 'reply', template: 'pong' },
  })
  bots.double.accounts.senders = 'hidden-with-number'
  await write(ben, 'ping')
  await ben?.message((message) => textOf(message) === 'pong')
  const found = (await chats()).filter(({ chat }) => [lidOf(benNumber), chatOf(benNumber)].includes(chat))
  expect(found).toMatchObject([{ chat: chatOf(benNumber), phoneNumber: benNumber, name: 'Ben', received: 2 }])
  expect(await texts(lidOf(benNumber))).toEqual(expect.arrayContaining(['ping', 'who am I']))
  expect(events).toContainEqual({ type: 'merged', userId: 'gate', chat: chatOf(benNumber), was: lidOf(benNumber) })
})

test('where WhatsApp refuses to look up, a stranger’s message waits and goes out later, and others go on', async () => {
  const stranger = await connectContact(bots.double, '15550100013', 'Dan')
  await send(annNumber, 'before')
  await ann?.message((message) => textOf(message) === 'before')
  bots.double.lookups.refuse('accounts')
  bots.double.lookups.refuse('groups')
  for (const path of ['/numbers/15550100013', '/groups']) {
    const answer = await bots.call('GET', `/api/sessions/gate${path}`)
    expect(answer).toMatchObject({ status: 429, body: { success: false, message: expect.stringContaining('429') } })
    expect(answer.headers.get('retry-after')).toBe('60')
  }
  const held = await send('15550100013', 'to a stranger')
  await expect.poll(async () => (await at(`/messages/${held.messageId}`)).message.problem).toContain('429')
  await send(annNumber, 'meanwhile')
  await ann?.message((message) => textOf(message) === 'meanwhile')
  expect(['queued', 'sending']).toContain(await status(held.messageId))
  bots.double.lookups.allow('accounts')
  bots.double.lookups.allow('groups')
  await stranger.message((message) => textOf(message) === 'to a stranger')
  await stranger.stop()
})

test('the members of a group are asked for once, and again when they have changed', async () => {
  bots.double.addGroup({ id: group, subject: 'Yard', owner: annNumber, members: [annNumber, number], hides: 'alone' })
  const before = bots.double.lookups.asked.get('groups') ?? 0
  const asked = (): number => (bots.double.lookups.asked.get('groups') ?? 0) - before
  for (const text of ['one', 'two', 'three']) await send(group, text)
  await ann?.message((message) => textOf(message) === 'three')
  expect(asked()).toBe(1)
  await ann?.socket.groupParticipantsUpdate(group, [chatOf(benNumber)], 'add')
  await expect.poll(() => events.some((event) => event.type === 'group' && event.group.what === 'joined'), { timeout: patience }).toBe(true)
  const { messageId } = await send(group, 'welcome')
  await ben?.message((message) => textOf(message) === 'welcome')
  await expect.poll(() => status(messageId)).not.toBe('sending')
  await write(ann, 'seen', group)
  await told('seen')
  await bots.call('POST', '/api/sessions/gate/read', { chat: group })
  await expect
    .poll(() => device()?.connection?.received.findLast(({ attrs }) => attrs['type'] === 'read')?.attrs)
    .toMatchObject({ to: group, participant: lidOf(annNumber) })
})

/** What the window shows of a bot: its chats, how busy it was, and what is set for it alone. */
import { proto } from 'baileys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ChatView, LoggedView } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'

const number = '15550100142'
const group = '120363000000000001@g.us'
const annChat = '15550100011@s.whatsapp.net'
let bots: ServedBots
let ann: Contact

beforeEach(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
})

afterEach(async () => {
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const at = (path: string) => bots.call('GET', `/api/sessions/gate${path}`).then(({ body }) => body)
const chats = async (): Promise<ChatView[]> => (await at('/chats')).chats
const send = (text: string, to = ann.number) => bots.call('POST', '/api/sessions/gate/messages', { to, type: 'text', text })

test('chats are listed with their last message, what is unread, and names', async () => {
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, number] })
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'one' })
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'two' })
  await expect.poll(chats).toMatchObject([
    {
      chat: annChat,
      phoneNumber: ann.number,
      name: 'Ann',
      isGroup: false,
      received: 2,
      sent: 0,
      unread: 2,
      last: { text: 'two', fromMe: false, status: null },
    },
  ])
  await ann.socket.sendMessage(group, { text: 'to all' })
  await expect.poll(chats).toMatchObject([{ chat: group, name: 'Yard', isGroup: true, phoneNumber: null, unread: 1 }, { chat: annChat }])
  await send('three')
  await ann.message((message) => textOf(message) === 'three')
  await expect
    .poll(chats)
    .toMatchObject([
      { chat: annChat, received: 2, sent: 1, unread: 0, last: { text: 'three', fromMe: true, status: 'delivered' } },
      { chat: group },
    ])
  const first = await at('/chats?limit=1')
  expect((await at(`/chats?limit=1&before=${first.next}`)).chats).toMatchObject([{ chat: group }])
})

test('a chat is read by its pages, and marked as read as a whole', async () => {
  for (const text of ['one', 'two', 'three']) await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text })
  await expect.poll(async () => (await chats())[0]?.received).toBe(3)
  const page = await at(`/log?chat=${ann.number}&limit=2`)
  expect(page.messages.map(({ text }: { text: string }) => text)).toEqual(['three', 'two'])
  expect((await at(`/log?chat=${ann.number}&limit=2&before=${page.next}`)).messages).toMatchObject([{ text: 'one' }])
  expect((await bots.call('POST', '/api/sessions/gate/read', { chat: ann.number })).status).toBe(200)
  await ann.reached(proto.WebMessageInfo.Status.READ)
  expect(await chats()).toMatchObject([{ unread: 0 }])
  await bots.call('DELETE', `/api/sessions/gate/log?chat=${ann.number}`)
  expect(await chats()).toEqual([])
})

test('an answer is kept with what it quotes, a reaction with what it is to, both ways', async () => {
  const asked = await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'coming today?' })
  const id = asked?.key.id ?? ''
  await expect.poll(async () => (await chats())[0]?.received).toBe(1)
  await bots.call('POST', '/api/sessions/gate/messages', {
    to: ann.number,
    type: 'text',
    text: 'yes',
    replyTo: { id, text: 'coming today?' },
  })
  await bots.call('POST', '/api/sessions/gate/messages', { to: ann.number, type: 'reaction', emoji: '👍', message: { id } })
  const answer = await ann.message((message) => textOf(message) === 'yes')
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'good' }, { quoted: answer })
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { react: { text: '❤️', key: answer.key } })
  const kept = async () => (await at('/log')).messages.map(({ text, quoted, reactsTo }: LoggedView) => ({ text, quoted, reactsTo }))
  await expect.poll(kept).toHaveLength(5)
  expect(await kept()).toEqual(
    expect.arrayContaining([
      { text: 'coming today?', quoted: null, reactsTo: null },
      { text: 'yes', quoted: { id, author: annChat, kind: 'text', text: 'coming today?' }, reactsTo: null },
      { text: '👍', quoted: null, reactsTo: id },
      { text: 'good', quoted: { id: answer.key.id, author: `${number}@s.whatsapp.net`, kind: 'text', text: 'yes' }, reactsTo: null },
      { text: '❤️', quoted: null, reactsTo: answer.key.id },
    ]),
  )
})

test('what waits in a chat is shown with its words', async () => {
  await bots.call('POST', '/api/sessions/gate/stop')
  await send('later')
  await send('elsewhere', '15550100012')
  expect((await at(`/messages?chat=${ann.number}`)).messages).toMatchObject([{ text: 'later', status: 'queued', chat: annChat }])
})

test('pace, daily limit and retention are set for one bot, and null gives them back to the room', async () => {
  const change = (settings: object) => bots.call('PATCH', '/v1/bots/gate', settings).then(({ body }) => body)
  expect(await change({ pause: 3, dailyCap: 1, keepMessagesFor: 7 })).toMatchObject({
    settings: { keepsLog: true, pause: 3, dailyCap: 1, keepMessagesFor: 7 },
    limits: { pause: 3, dailyCap: 1, keepMessagesFor: 7 },
  })
  await change({ pause: 0 })
  const first = (await send('first')).body.message.messageId
  await expect.poll(async () => (await at(`/messages/${first}`)).message.status).toBe('delivered')
  const second = (await send('second')).body.message.messageId
  expect((await bots.call('GET', '/v1/bots/gate')).body.bot).toMatchObject({ sentToday: 1, queue: 1, cappedUntil: expect.any(String) })
  // A wider limit lets go at once what waited.
  expect(await change({ dailyCap: null })).toMatchObject({ settings: { dailyCap: null }, limits: { dailyCap: 500 }, cappedUntil: null })
  await expect.poll(async () => (await at(`/messages/${second}`)).message.status).toBe('delivered')
  expect((await bots.call('PATCH', '/v1/bots/gate', { dailyCap: 0 })).status).toBe(400)
})

test('activity counts what came and went, and says in which states the bot was', async () => {
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'hello' })
  await expect.poll(async () => (await chats())[0]?.received).toBe(1)
  await send('hello yourself')
  await ann.message((message) => textOf(message) === 'hello yourself')
  await expect.poll(async () => (await bots.call('GET', '/v1/bots/gate')).body.bot.lastHour).toEqual({ received: 1, sent: 1 })
  await bots.call('POST', '/api/sessions/gate/stop')
  const { body } = await bots.call('GET', '/v1/bots/gate/activity?window=24h')
  expect(body).toMatchObject({ step: 900, received: expect.any(Array), states: expect.any(Array) })
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  expect([sum(body.received), sum(body.sent), sum(body.failed), body.received.length]).toEqual([1, 1, 0, 96])
  expect(body.states.map(({ state }: { state: string }) => state)).toEqual(expect.arrayContaining(['pairing', 'online']))
  expect(body.online).toBeGreaterThan(0)
  expect(
    body.states.every(
      (each: { to: string }, index: number) => body.states[index + 1] === undefined || body.states[index + 1].from === each.to,
    ),
  ).toBe(true)
  const all = await bots.call('GET', '/v1/bot-activity?window=7d')
  expect(all.body.bots).toMatchObject([{ userId: 'gate', step: 7_200 }])
  expect((await bots.call('GET', '/v1/bots/gate/activity?window=1y')).status).toBe(400)
})

test('a person whose messages come under a hidden id is known by the number, and sees them read', async () => {
  bots.double.accounts.senders = 'hidden-with-number'
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'hidden' })
  await expect.poll(chats).toMatchObject([{ chat: annChat, phoneNumber: ann.number, last: { author: annChat, text: 'hidden' } }])
  await bots.call('POST', '/api/sessions/gate/read', { chat: ann.number })
  await ann.reached(proto.WebMessageInfo.Status.READ)
  const device = [...bots.double.account(number).devices.values()][0]
  expect(device?.connection?.received.findLast(({ tag, attrs }) => tag === 'receipt' && attrs['type'] === 'read')?.attrs['to']).toContain(
    '@lid',
  )
  await send('to the number')
  await ann.message((message) => textOf(message) === 'to the number')
  await expect.poll(chats).toMatchObject([{ chat: annChat, received: 1, sent: 1 }])
})

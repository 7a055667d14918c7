/** What becomes of a message after it was first seen: it is said otherwise, deleted for all, readable at last, or comes once more. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BotEvent, LoggedView } from '../../../server/bots/contract/index.ts'
import { createOutboxStore } from '../../../server/bots/messages/outbox-store.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'

const number = '15550100142'
const botChat = `${number}@s.whatsapp.net`
const annChat = '15550100011@s.whatsapp.net'
const bobChat = '15550100012@s.whatsapp.net'
const group = '120363000000000001@g.us'
let bots: ServedBots
let ann: Contact
let bob: Contact
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ;[ann, bob] = await Promise.all([connectContact(bots.double, '15550100011', 'Ann'), connectContact(bots.double, '15550100012', 'Bob')])
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, bob.number, number] })
  bots.room.messages.subscribe('gate', (event) => events.push(event))
})

afterAll(async () => {
  await Promise.all([ann, bob].map((contact) => contact.stop()))
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const told = (type: BotEvent['type'], id: string) =>
  events.filter((event) => event.type === type && 'message' in event && 'id' in event.message && event.message.id === id)
const logged = async (id: string): Promise<LoggedView | undefined> =>
  (await bots.call('GET', '/api/sessions/gate/log?limit=500')).body.messages.find((message: LoggedView) => message.id === id)

interface Key {
  id: string
  remoteJid: string
  fromMe: boolean
  participant?: string
}
async function say(by: Contact, chat: string, text: string): Promise<Key> {
  const sent = await by.socket.sendMessage(chat, { text })
  const id = sent?.key.id ?? ''
  await expect.poll(() => told('message', id)).toHaveLength(1)
  return { id, remoteJid: chat, fromMe: true }
}

test('an edit and a deletion change the log and the chat, and are told as what becomes of the message', async () => {
  const key = await say(ann, botChat, 'at 9')
  await ann.socket.sendMessage(botChat, { text: 'at 10', edit: key })
  await expect
    .poll(() => told('edited', key.id))
    .toMatchObject([{ userId: 'gate', message: { chat: annChat, author: annChat, authorName: 'Ann', kind: 'text', text: 'at 10' } }])
  const chats = async () => (await bots.call('GET', '/api/sessions/gate/chats')).body.chats
  expect(await chats()).toMatchObject([
    { chat: annChat, received: 1, unread: 1, last: { id: key.id, text: 'at 10', editedAt: expect.any(String) } },
  ])
  await ann.socket.sendMessage(botChat, { delete: key })
  await expect.poll(() => told('revoked', key.id)).toMatchObject([{ message: { chat: annChat, author: annChat, fromMe: false } }])
  expect(await chats()).toMatchObject([{ last: { id: key.id, kind: 'revoked', text: '', deletedAt: expect.any(String) } }])
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(1)
})

test('what the account edits and deletes on the phone is changed in the log and in the queue', async () => {
  const own = await connectContact(bots.double, number, 'Gate')
  const sent = await bots.call('POST', '/api/sessions/gate/messages', { to: ann.number, type: 'text', text: 'ramp 2' })
  const { messageId: id } = sent.body.message
  await ann.message((message) => message.key.id === id)
  const queued = async () =>
    (await bots.call('GET', '/api/sessions/gate/messages')).body.messages.find((message: { messageId: string }) => message.messageId === id)
  await expect.poll(async () => (await queued()).status).toBe('delivered')
  const key = { id, remoteJid: annChat, fromMe: true }
  await own.socket.sendMessage(annChat, { text: 'ramp 3', edit: key })
  await expect.poll(() => told('edited', id)).toMatchObject([{ message: { chat: annChat, fromMe: true, text: 'ramp 3' } }])
  expect(await queued()).toMatchObject({ text: 'ramp 3' })
  expect(await logged(id)).toMatchObject({ text: 'ramp 3', status: 'delivered' })
  await own.socket.sendMessage(annChat, { delete: key })
  await expect.poll(() => told('revoked', id)).toMatchObject([{ message: { fromMe: true } }])
  expect(await queued()).toMatchObject({ text: '' })
  expect(await logged(id)).toMatchObject({ kind: 'revoked', text: '', fromMe: true })
  await own.stop()
  bots.double.removeDevice([...bots.double.account(number).devices.values()].at(-1) ?? expect.fail('no device'))
})

test("in a group an admin deletes what others wrote, and nobody else's word counts", async () => {
  const key = { ...(await say(ann, group, 'mine')), fromMe: false, participant: annChat }
  await bob.socket.sendMessage(group, { delete: key })
  await bob.socket.sendMessage(group, { text: 'not mine', edit: { ...key, fromMe: true } })
  const theirs = { ...(await say(bob, group, 'theirs')), fromMe: false, participant: bobChat }
  expect(await logged(key.id)).toMatchObject({ kind: 'text', text: 'mine' })
  await ann.socket.sendMessage(group, { delete: theirs })
  await expect.poll(() => told('revoked', theirs.id)).toMatchObject([{ message: { chat: group, author: annChat } }])
  expect(await logged(theirs.id)).toMatchObject({ kind: 'revoked', author: bobChat })
  expect([...told('revoked', key.id), ...told('edited', key.id)]).toEqual([])
})

test('what is pinned in a chat is told, and shows at its message', async () => {
  const key = await say(ann, botChat, 'ramp 2 is closed')
  await ann.socket.sendMessage(botChat, { pin: key, type: 1, time: 86_400 })
  await expect.poll(() => told('pinned', key.id)).toMatchObject([{ message: { chat: annChat, author: annChat, pinned: true } }])
  expect(await logged(key.id)).toMatchObject({ text: 'ramp 2 is closed', pinned: true })
})

test('a text that could be read only when it came again is one message, which the rules answer once', async () => {
  const rule = { name: 'Answer', match: { text: { how: 'equals', value: 'still there?' } }, action: { type: 'reply', template: 'here' } }
  const { id: ruleId } = (await bots.call('POST', '/api/sessions/gate/rules', rule)).body.rule
  bots.double.deliveries.garble(number)
  const sent = await bob.socket.sendMessage(botChat, { text: 'still there?' })
  const id = sent?.key.id ?? ''
  await bob.message((message) => message.key.fromMe !== true && textOf(message) === 'here')
  await expect.poll(async () => (await logged(id))?.text).toBe('still there?')
  expect(told('message', id).at(-1)).toMatchObject({ message: { text: 'still there?' } })
  expect(events.filter((event) => event.type === 'rule' && event.messageId === id)).toHaveLength(1)
  await bots.call('DELETE', `/api/sessions/gate/rules/${ruleId}`)
})

test('an answer loses the words that it quotes when those are deleted', async () => {
  const key = await say(bob, botChat, 'the code is 4711')
  const body = { to: bob.number, type: 'text', text: 'thanks', replyTo: { id: key.id, text: 'the code is 4711' } }
  const { messageId } = (await bots.call('POST', '/api/sessions/gate/messages', body)).body.message
  await bob.message((message) => message.key.id === messageId)
  await expect.poll(async () => (await logged(messageId))?.quoted?.text).toBe('the code is 4711')
  await bob.socket.sendMessage(botChat, { delete: key })
  await expect.poll(() => told('revoked', key.id)).toHaveLength(1)
  expect((await logged(messageId))?.quoted).toMatchObject({ id: key.id, text: '' })
  const outbox = createOutboxStore(bots.context.database, bots.context.sealer)
  expect(
    outbox
      .list('gate', bobChat, 10)
      .map(({ content }) => content)
      .join(),
  ).not.toContain('the code is')
  expect(outbox.encoded('gate', messageId)).toBe(null)
})

test('a message that comes once more, sealed anew, is one event, over a restart and without a log', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: false })
  const key = await say(bob, botChat, 'once')
  const again = () => bob.socket.relayMessage(botChat, { conversation: 'once' }, { messageId: key.id })
  await again()
  await say(bob, botChat, 'after that')
  await bots.room.stop()
  await bots.room.start()
  await expect.poll(() => bots.state('gate')).toBe('online')
  await again()
  await say(bob, botChat, 'and after that')
  expect(told('message', key.id)).toHaveLength(1)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
})

test.each(['view_once', 'view_once_unavailable_fanout'] as const)(
  'what may be looked at once is withheld (%s), and in the log as such',
  async (how) => {
    bots.double.deliveries.withhold(number, how)
    const sent = await bob.socket.sendMessage(botChat, { text: 'for your eyes' })
    await expect.poll(() => logged(sent?.key.id ?? '')).toMatchObject({ kind: 'other', text: '', details: { viewOnce: true } })
  },
)

test('groups are passed over where the bot is set so, and acknowledged all the same', async () => {
  expect((await bots.call('PATCH', '/v1/bots/gate', { ignores: { groups: true } })).body.settings.ignores).toEqual({
    ...{ groups: true, broadcasts: false, channels: true, status: true },
  })
  const sent = await ann.socket.sendMessage(group, { text: 'nobody hears this' })
  await say(ann, botChat, 'but this')
  expect(await logged(sent?.key.id ?? '')).toBeUndefined()
  expect(told('message', sent?.key.id ?? '')).toEqual([])
  const device = [...bots.double.account(number).devices.values()].at(-1)
  await expect.poll(() => device?.waiting.filter(({ tag }) => tag === 'message')).toEqual([])
  // Its keys went on: what comes next is read.
  await bots.call('PATCH', '/v1/bots/gate', { ignores: { groups: false } })
  await say(ann, group, 'and this')
})

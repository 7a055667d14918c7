/** Calls that ring at a bot, and how its chats are sorted: by its phone, and by us. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { connectPhone, type Phone } from '../../fakes/whatsapp/phone.ts'
import { eventually } from '../../fixtures/eventually.ts'

const number = '15550100142'
const gateChat = `${number}@s.whatsapp.net`
const annChat = '15550100011@s.whatsapp.net'
const at = '/api/sessions/gate'
let bots: ServedBots
let ann: Contact
let phone: Phone
let socket: WebSocket
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  phone = await connectPhone(bots.double, new MediaServer(), number)
  // Before the bot is there: what it finds when it comes.
  await phone.socket.chatModify({ pin: true }, annChat)
  await phone.socket.chatModify({ delete: true, lastMessages: [] }, '15550100099@s.whatsapp.net')
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  socket = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events?types=call,chat,label,message`)
  socket.on('message', (data) => events.push(JSON.parse(String(data)) as BotEvent)) // the room wrote it
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
})

afterAll(async () => {
  socket.close()
  await ann.stop()
  await phone.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const heard = <Type extends BotEvent['type']>(type: Type, holds: (event: BotEvent & { type: Type }) => boolean) =>
  eventually(
    `an event ${type}`,
    () => events.find((event): event is BotEvent & { type: Type } => event.type === type && holds(event as never)), // narrowed by the line before
  )
const told = (id: string) => events.flatMap((event) => (event.type === 'call' && event.call.id === id ? [event.call.state] : []))
const get = async (path: string) => (await bots.call('GET', `${at}${path}`)).body
const flags = async () => (await get(`/chats/${ann.number}`)).flags
const lines = async () => (await get('/log')).messages as { id: string; kind: string; details: object }[]

test('a call is told as it rings and ends, once though it is told again, and is a line of the log', async () => {
  const call = bots.double.calls.ring(ann.number, number, { video: true })
  await heard('call', (event) => event.call.id === call.id && event.call.state === 'offered')
  bots.double.account(number).devices.get(1)?.connection?.cut()
  await eventually('it is back', () => bots.state('gate') === 'online')
  bots.double.calls.end(call, 'timeout')
  await heard('call', (event) => event.call.id === call.id && event.call.state === 'missed')
  bots.double.calls.end(call, 'timeout')
  const after = bots.double.calls.ring(ann.number, number)
  await heard('call', (event) => event.call.id === after.id)
  expect(told(call.id)).toEqual(['offered', 'missed'])
  expect((await get('/calls')).calls.find(({ id }: { id: string }) => id === call.id)).toMatchObject({
    person: annChat,
    video: true,
    state: 'missed',
  })
  expect(await lines()).toMatchObject([{ id: call.id, kind: 'call', details: { call: { video: true, state: 'missed' } } }])

  expect(await bots.call('POST', `${at}/calls/${after.id}/reject`, { text: 'Write, please' })).toMatchObject({ status: 200 })
  await eventually('it was refused', () => after.state === 'rejected')
  await ann.message((message) => textOf(message) === 'Write, please')
  expect(await bots.call('POST', `${at}/calls/${after.id}/reject`, {})).toMatchObject({ status: 409 })
  expect(await bots.call('POST', `${at}/calls/nothing/reject`, {})).toMatchObject({ status: 404 })
})

test('a call that two refuse at once was rejected once', async () => {
  const call = bots.double.calls.ring(ann.number, number)
  await heard('call', (event) => event.call.id === call.id)
  await Promise.all([1, 2].map(() => bots.call('POST', `${at}/calls/${call.id}/reject`, {})))
  expect(call.state).toBe('rejected')
  const next = bots.double.calls.ring(ann.number, number)
  await heard('call', (event) => event.call.id === next.id)
  expect(told(call.id)).toEqual(['offered', 'rejected'])
  bots.double.calls.end(next)
  await heard('call', (event) => event.call.id === next.id && event.call.state === 'missed')
})

test('where calls are refused by a setting the caller gets its text once', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { rejectCalls: true, rejectCallsText: 'No calls here' })
  const call = bots.double.calls.ring(ann.number, number)
  await eventually('it was refused', () => call.state === 'rejected')
  await heard('call', (event) => event.call.id === call.id && event.call.state === 'rejected')
  await ann.message((message) => textOf(message) === 'No calls here')
  await bots.call('PATCH', '/v1/bots/gate', { rejectCalls: false })
})

test('how the phone had sorted its chats is there when its keys come, and is no news', async () => {
  await phone.shareKeys()
  await eventually('the chat is pinned', async () => (await flags()).pinned)
  expect(events.some(({ type }) => type === 'chat')).toBe(false)
})

test('what the phone changes of a chat is heard, and what we change reaches the phone', async () => {
  await ann.socket.sendMessage(gateChat, { text: 'sort me' })
  await heard('message', ({ message }) => message.text === 'sort me')
  await phone.socket.chatModify({ mute: -1 }, annChat)
  await heard('chat', ({ mutedUntil }) => mutedUntil === 'forever')
  const until = '2031-01-01T00:00:00.000Z'
  const changed = await bots.call('PATCH', `${at}/chats/${ann.number}`, {
    archived: true,
    pinned: false,
    mutedUntil: until,
    markedUnread: true,
  })
  expect(changed).toMatchObject({ status: 200, body: { flags: { archived: true, pinned: false, mutedUntil: until, markedUnread: true } } })
  await phone.event('chats.update', (updates) => updates.some(({ archived }) => archived === true))
  await phone.event('chats.update', (updates) => updates.some(({ unreadCount }) => unreadCount === -1))
  expect((await get('/chats?archived=true')).chats).toMatchObject([{ chat: annChat, archived: true, mutedUntil: until }])
  expect((await get('/chats?archived=false')).chats).toEqual([])
  expect(await bots.call('PATCH', `${at}/chats/${ann.number}`, { archived: false, timer: 86_400 })).toMatchObject({ status: 200 })
  expect(await flags()).toMatchObject({ archived: false, timer: 86_400 })
  expect(await bots.call('PATCH', `${at}/chats/${ann.number}`, { timer: 5 })).toMatchObject({ status: 400 })
})

test('after how long messages vanish is one and the same, set, heard of and sent with', async () => {
  await bots.call('PATCH', `${at}/chats/${ann.number}`, { timer: 86_400 })
  await bots.call('POST', `${at}/messages`, { to: ann.number, type: 'text', text: 'for a day' })
  const sent = await ann.message((message) => textOf(message) === 'for a day')
  expect(sent.message?.extendedTextMessage?.contextInfo?.expiration).toBe(86_400)
  await ann.socket.sendMessage(gateChat, { text: 'for a week' }, { ephemeralExpiration: 604_800 })
  await heard('chat', ({ timer }) => timer === 604_800)
  expect(await flags()).toMatchObject({ timer: 604_800 })
})

test('labels are made, put on chats and messages, renamed and deleted on both sides; messages get stars', async () => {
  const { id } = (await bots.call('POST', `${at}/labels`, { name: 'New order', color: 3 })).body.label
  await phone.event('labels.edit', ({ name }) => name === 'New order')
  expect(await bots.call('PUT', `${at}/chats/${ann.number}/labels/${id}`)).toMatchObject({ status: 200 })
  await phone.event('labels.association', ({ type }) => type === 'add')
  expect((await get(`/chats?label=${id}`)).chats).toMatchObject([{ chat: annChat, labels: [id] }])
  await phone.socket.addLabel('', { id, name: 'Paid', color: 5 })
  await heard('label', ({ what, label }) => what === 'changed' && label.name === 'Paid')
  await phone.socket.removeChatLabel(annChat, id)
  await heard('label', ({ what, chat }) => what === 'taken-off' && chat === annChat)
  expect(await flags()).toMatchObject({ labels: [] })
  expect(await bots.call('DELETE', `${at}/labels/${id}`)).toMatchObject({ status: 200 })
  expect((await get('/labels')).labels).toEqual([])
  expect(await bots.call('PUT', `${at}/chats/${ann.number}/labels/77`)).toMatchObject({ status: 404 })

  const [message] = await lines()
  expect(await bots.call('PUT', `${at}/chats/${ann.number}/stars/${message?.id}`, {})).toMatchObject({ status: 200 })
  await phone.event('messages.update', (updates) => updates.some(({ update }) => update.starred === true))
  expect((await get(`/chats/${ann.number}`)).stars).toEqual([message?.id])
})

test('when another device was first, the change is made again on what that device did', async () => {
  for (let times = 0; times < 3; times += 1) {
    const [here, there] = await Promise.all([
      bots.call('PATCH', `${at}/chats/${ann.number}`, { pinned: times % 2 === 0 }),
      phone.socket.chatModify({ archive: times % 2 === 0, lastMessages: [] }, annChat).then(() => 200),
    ])
    expect([here.status, there]).toEqual([200, 200])
  }
  // Whatever became of the phone's own: the bot's later changes are still right for everybody.
  await bots.call('PATCH', `${at}/chats/${ann.number}`, { mutedUntil: '2032-01-01T00:00:00.000Z' })
  await bots.call('POST', `${at}/labels`, { name: 'After all' })
  await phone.event('labels.edit', ({ name }) => name === 'After all')
})

test('a message that the account deletes for itself on the phone goes here as well', async () => {
  const sent = await ann.socket.sendMessage(gateChat, { text: 'not for long' })
  const id = sent?.key.id ?? ''
  await heard('message', ({ message }) => message.id === id)
  const key = { remoteJid: annChat, id, fromMe: false }
  await phone.socket.chatModify({ deleteForMe: { deleteMedia: true, key, timestamp: Number(sent?.messageTimestamp) } }, annChat)
  await heard('chat', ({ what, messageId }) => what === 'message-erased' && messageId === id)
  expect((await lines()).filter((line) => line.id === id)).toEqual([])
})

test('a chat that is deleted on the phone goes here, and one that is deleted here goes on the phone', async () => {
  await phone.socket.chatModify({ delete: true, lastMessages: [] }, annChat)
  await heard('chat', ({ what, chat }) => what === 'deleted' && chat === annChat)
  expect((await get('/chats')).chats).toEqual([])
  await ann.socket.sendMessage(gateChat, { text: 'once more' })
  await heard('message', ({ message }) => message.text === 'once more')
  expect(await bots.call('DELETE', `${at}/chats/${ann.number}`)).toMatchObject({ status: 200 })
  await phone.event('chats.delete', (ids) => ids.includes(annChat))
  expect((await get('/chats')).chats).toEqual([])
})

/** What becomes of a message after it was first seen: its author says it otherwise, it is deleted for all. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'

const number = '15550100142'
const botChat = `${number}@s.whatsapp.net`
const annChat = '15550100011@s.whatsapp.net'
let bots: ServedBots
let ann: Contact
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.room.messages.subscribe('gate', (event) => events.push(event))
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const told = (type: BotEvent['type'], id: string) =>
  events.filter((event) => event.type === type && 'message' in event && 'id' in event.message && event.message.id === id)
const say = async (text: string): Promise<{ id: string; remoteJid: string; fromMe: true }> => {
  const sent = await ann.socket.sendMessage(botChat, { text })
  const key = { id: sent?.key.id ?? '', remoteJid: botChat, fromMe: true as const }
  await expect.poll(() => told('message', key.id)).toHaveLength(1)
  return key
}

test('an edit and a deletion are told as what becomes of the message, and as no message of their own', async () => {
  const key = await say('at 9')
  await ann.socket.sendMessage(botChat, { text: 'at 10', edit: key })
  await expect
    .poll(() => told('edited', key.id))
    .toMatchObject([{ userId: 'gate', message: { chat: annChat, author: annChat, authorName: 'Ann', kind: 'text', text: 'at 10' } }])
  await ann.socket.sendMessage(botChat, { delete: key })
  await expect.poll(() => told('revoked', key.id)).toMatchObject([{ message: { chat: annChat, author: annChat, fromMe: false } }])
  expect(events.filter(({ type }) => type === 'message')).toHaveLength(1)
})

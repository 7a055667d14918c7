/** People around a bot: who is there and writes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { eventually } from '../../fixtures/eventually.ts'

const number = '15550100142'
const gateChat = `${number}@s.whatsapp.net`
const annChat = '15550100011@s.whatsapp.net'
let bots: ServedBots
let ann: Contact
let socket: WebSocket
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  await bots.linked('gate', number)
  socket = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events`)
  socket.on('message', (data) => events.push(JSON.parse(String(data)) as BotEvent)) // the room wrote it
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
})

afterAll(async () => {
  socket.close()
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const heard = <Type extends BotEvent['type']>(type: Type, holds: (event: BotEvent & { type: Type }) => boolean) =>
  eventually(`an event ${type}`, () =>
    events.find((event): event is BotEvent & { type: Type } => event.type === type && holds(event as never)),
  ) // narrowed by the line before

test('somebody who writes or records to the bot is told as an event', async () => {
  await ann.socket.sendPresenceUpdate('composing', gateChat)
  await heard('presence', ({ chat, person, state }) => chat === annChat && person === annChat && state === 'typing')
  await ann.socket.sendPresenceUpdate('recording', gateChat)
  await heard('presence', ({ state }) => state === 'recording')
  await ann.socket.sendPresenceUpdate('paused', gateChat)
  await heard('presence', ({ state }) => state === 'online')
})

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

const at = '/api/sessions/gate'
const presences = (chat: string) => bots.call('GET', `${at}/presence?chat=${chat}`).then(({ body }) => body.presences)

test('who is followed is told as online, offline and since when, also after a cut; what the bot records is shown to them', async () => {
  expect(await bots.call('POST', `${at}/presence/subscribe`, { chat: ann.number })).toMatchObject({ status: 200 })
  await eventually('the bot follows', () =>
    bots.double.online().some(({ connection }) => connection?.received.some(({ attrs }) => attrs['type'] === 'subscribe')),
  )
  bots.double.presences.say(ann.number, 'unavailable', 1_760_000_000)
  await heard('presence', ({ state, lastSeen }) => state === 'offline' && lastSeen === '2025-10-09T08:53:20.000Z')
  expect(await presences(ann.number)).toMatchObject([{ person: annChat, state: 'offline', lastSeen: '2025-10-09T08:53:20.000Z' }])

  await ann.socket.presenceSubscribe(gateChat)
  await bots.call('POST', `${at}/presence`, { state: 'recording', chat: ann.number })
  await ann.event('presence.update', ({ presences: told }) =>
    Object.values(told).some(({ lastKnownPresence }) => lastKnownPresence === 'recording'),
  )

  await bots.call('POST', '/v1/bots/gate/restart')
  await eventually('it is back', () => bots.state('gate') === 'online')
  await bots.call('POST', `${at}/presence/subscribe`, { chat: ann.number })
  bots.double.account(number).devices.forEach(({ connection }) => connection?.cut())
  await eventually('it follows again by itself', async () => {
    bots.double.presences.say(ann.number, 'available')
    return (await presences(ann.number))[0]?.state === 'online'
  })
})

test('somebody who writes or records to the bot is told as an event', async () => {
  await ann.socket.sendPresenceUpdate('composing', gateChat)
  await heard('presence', ({ chat, person, state }) => chat === annChat && person === annChat && state === 'typing')
  await ann.socket.sendPresenceUpdate('recording', gateChat)
  await heard('presence', ({ state }) => state === 'recording')
  await ann.socket.sendPresenceUpdate('paused', gateChat)
  await heard('presence', ({ state }) => state === 'online')
})

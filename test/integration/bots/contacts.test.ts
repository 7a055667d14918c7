/** People around a bot: who is there and writes, whom it knows, whom it has blocked, what it says of itself. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { connectPhone, type Phone } from '../../fakes/whatsapp/phone.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { eventually } from '../../fixtures/eventually.ts'

const number = '15550100142'
const gateChat = `${number}@s.whatsapp.net`
const annChat = '15550100011@s.whatsapp.net'
let bots: ServedBots
let ann: Contact
let phone: Phone
let pictures: Server
let fetched = 0
let socket: WebSocket
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  // Before the bot: the phone is device 0 of its account.
  phone = await connectPhone(bots.double, new MediaServer(), number)
  await bots.linked('gate', number)
  pictures = createServer((request, response) => {
    fetched += 1
    response.end(bots.double.profiles.of(request.url?.slice(1) ?? '').picture)
  })
  await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve))
  bots.double.profiles.pictureUrl = (of) => `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/${of}` // it listens
  socket = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events`)
  socket.on('message', (data) => events.push(JSON.parse(String(data)) as BotEvent)) // the room wrote it
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
})

afterAll(async () => {
  socket.close()
  await ann.stop()
  await phone.stop()
  pictures.close()
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
  bots.double.account(number).devices.get(1)?.connection?.cut()
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

const contact = async (path: string) => (await bots.call('GET', `${at}${path}`)).body
const jpeg = (mark: number) => Buffer.from([0xff, 0xd8, 0xff, mark])

test('without the keys of the phone the address book cannot be changed, and that is said', async () => {
  expect(await bots.call('PUT', `${at}/contacts/${ann.number}`, { name: 'Ann Ash' })).toMatchObject({ status: 409 })
  await phone.shareKeys()
  await eventually(
    'the keys are there',
    async () => (await bots.call('PUT', `${at}/contacts/${ann.number}`, { name: 'Ann Ash' })).status === 200,
  )
})

test('a contact is saved, renamed and taken out on the phone, and what the phone changes is heard', async () => {
  await phone.event('contacts.upsert', (contacts) => contacts.some(({ id, name }) => id === annChat && name === 'Ann Ash'))
  expect((await contact('/contacts?saved=true')).contacts).toMatchObject([{ id: annChat, phoneNumber: ann.number, name: 'Ann Ash' }])
  await phone.socket.addOrEditContact(annChat, { fullName: 'Ann of Yard 4' })
  await eventually('the new name', async () => (await contact('/contacts?search=yard')).contacts[0]?.name === 'Ann of Yard 4')
  expect(await bots.call('DELETE', `${at}/contacts/${ann.number}`)).toMatchObject({ status: 200 })
  expect((await contact('/contacts?saved=true')).contacts).toEqual([])
  expect(await bots.call('DELETE', `${at}/contacts/${ann.number}`)).toMatchObject({ status: 404 })
})

test('one contact has what it calls itself, its about, its business and its picture, as far as it shows them', async () => {
  await ann.socket.sendMessage(gateChat, { text: 'hello' })
  await heard('message', ({ message }) => message.text === 'hello')
  Object.assign(bots.double.profiles.of(ann.number), {
    about: 'At the gate',
    picture: jpeg(1),
    business: { description: 'Gates', website: 'https://gates.example', category: 'Builder' },
  })
  expect((await contact(`/contacts/${ann.number}`)).contact).toMatchObject({
    pushName: 'Ann',
    about: { text: 'At the gate' },
    business: { description: 'Gates', websites: ['https://gates.example'], category: 'Builder', email: null },
    pictureUrl: expect.stringContaining(ann.number),
  })
  const before = fetched
  for (let times = 0; times < 2; times += 1) expect(await contact(`/contacts/${ann.number}/picture`)).toEqual(jpeg(1))
  expect(fetched).toBe(before + 1)
  bots.double.profiles.changePicture(ann.number, jpeg(2), number)
  await eventually('the new picture', async () => jpeg(2).equals(await contact(`/contacts/${ann.number}/picture`)))

  Object.assign(bots.double.profiles.of(ann.number), { hidesPicture: 401 })
  expect((await contact(`/contacts/${ann.number}`)).contact).toMatchObject({ pictureUrl: null })
  expect(await bots.call('GET', `${at}/contacts/${ann.number}/picture?size=image`)).toMatchObject({ status: 404 })
  bots.double.accounts.strangers.add('15550100077')
  expect(await bots.call('GET', `${at}/contacts/15550100077`)).toMatchObject({ status: 404 })
  expect(await bots.call('GET', `${at}/contacts/none`)).toMatchObject({ status: 400 })
})

test('people are blocked and unblocked here and on the phone', async () => {
  const blocked = async (): Promise<string[]> => (await contact('/blocked')).contacts.map(({ id }: { id: string }) => id)
  expect(await bots.call('POST', `${at}/contacts/${ann.number}/block`)).toMatchObject({ status: 200 })
  expect(await blocked()).toEqual([annChat])
  expect((await contact('/contacts?blocked=true')).contacts).toMatchObject([{ id: annChat, blocked: true }])
  expect(await bots.call('DELETE', `${at}/contacts/${ann.number}/block`)).toMatchObject({ status: 200 })
  expect(await blocked()).toEqual([])
  bots.double.profiles.blockOnPhone(number, ann.number, 'block')
  await eventually('it is heard', async () => (await contact('/contacts?blocked=true')).contacts.length === 1)
  bots.double.profiles.blockOnPhone(number, ann.number, 'unblock')
  await eventually('it is heard', async () => (await contact('/contacts?blocked=true')).contacts.length === 0)
})

test('the account has a name, an about, a picture and rules who sees them', async () => {
  expect(await bots.call('PATCH', `${at}/profile`, { name: 'Gate 4', about: 'Open 9 to 5' })).toMatchObject({
    status: 200,
    body: { profile: { id: gateChat, pushName: 'Gate 4', about: { text: 'Open 9 to 5' } } },
  })
  expect(await bots.call('PUT', `${at}/profile/picture`, { data: Buffer.from('no picture').toString('base64') })).toMatchObject({
    status: 400,
  })
  expect(await bots.call('PUT', `${at}/profile/picture`, { data: jpeg(3).toString('base64') })).toMatchObject({ status: 200 })
  expect(await contact('/profile/picture')).toEqual(jpeg(3))
  expect(await bots.call('DELETE', `${at}/profile/picture`)).toMatchObject({ status: 200 })
  expect(await bots.call('GET', `${at}/profile/picture`)).toMatchObject({ status: 404 })
  expect((await contact('/privacy')).privacy).toMatchObject({ lastSeen: 'contacts', readReceipts: 'all', groups: null })
  const changed = await bots.call('PATCH', `${at}/privacy`, { lastSeen: 'none', groups: 'contacts' })
  expect(changed.body.privacy).toMatchObject({ lastSeen: 'none', groups: 'contacts', readReceipts: 'all' })
})

test('what WhatsApp refuses, or does not want to be asked so often, is said and is no fault of the server', async () => {
  bots.double.lookups.refuse('pictures', 1, 429)
  expect(await bots.call('GET', `${at}/profile/picture?size=preview`)).toMatchObject({
    status: 429,
    body: { message: expect.stringContaining('429') },
  })
})

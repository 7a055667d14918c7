/** An account that WhatsApp lets begin no new chats: said, held, and lifted again. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { patience } from '../../fixtures/patience.ts'

const number = '15550100142'
const [annNumber, benNumber] = ['15550100011', '15550100012']
let bots: ServedBots
let ann: Contact
let ben: Contact
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  ;[ann, ben] = await Promise.all([connectContact(bots.double, annNumber, 'Ann'), connectContact(bots.double, benNumber, 'Ben')])
  await bots.linked('gate', number)
  bots.room.messages.subscribe('gate', (event) => events.push(event))
  await send(annNumber, 'hello')
  await got(ann, 'hello')
})

afterEach(() => expect(bots.double.errors).toEqual([]))

afterAll(async () => {
  await Promise.all([ann.stop(), ben.stop()])
  await bots.stop()
})

const eventually = (read: () => unknown) => expect.poll(read, { timeout: patience, interval: 5 })
const account = () => bots.double.account(number)
const view = async () => (await bots.call('GET', '/v1/bots/gate')).body.bot
const send = async (to: string, text: string): Promise<string> =>
  (await bots.call('POST', '/api/sessions/gate/messages', { to, type: 'text', text })).body.message.messageId
const message = async (id: string) => (await bots.call('GET', `/api/sessions/gate/messages/${id}`)).body.message
const got = (contact: Contact, text: string) => contact.message((each) => textOf(each) === text)
const told = () => events.filter((event) => event.type === 'restriction').at(-1)
const inAnHour = (): number => Math.floor(Date.now() / 1_000) + 3_600

test('a lock that WhatsApp announces is a condition with words and an end; strangers wait for its end, others are written to', async () => {
  const end = inAnHour()
  bots.double.restrictions.lock(account(), end, 'BIZ_QUALITY')
  const until = new Date(end * 1_000).toISOString()
  await eventually(async () => (await view()).restriction).toMatchObject({
    kind: 'new-chats',
    until,
    reason: expect.stringContaining('BIZ_QUALITY'),
  })
  expect(told()).toMatchObject({ restriction: { kind: 'new-chats', until } })
  expect(bots.room.attention()).toMatchObject([{ kind: 'bot-restricted', subject: 'gate', facts: { name: 'gate' } }])
  expect(bots.context.emitted.at(-1)).toMatchObject({ type: 'bot-restricted', subject: 'gate' })
  const held = await send(benNumber, 'who are you')
  await send(annNumber, 'meanwhile')
  await got(ann, 'meanwhile')
  expect(await message(held)).toMatchObject({ status: 'queued' })
  // The next connection asks anew.
  await bots.room.service.get('gate').restart()
  await eventually(() => bots.state('gate')).toBe('online')
  expect((await view()).restriction).toMatchObject({ kind: 'new-chats' })
  bots.double.restrictions.lift(account())
  await got(ben, 'who are you')
  await eventually(view).toMatchObject({ restriction: null, queue: 0 })
  expect(told()).toMatchObject({ restriction: null })
  expect(bots.room.attention()).toEqual([])
})

test('a refusal (463) of an account that is locked is no failure: the message waits and goes out when the lock is lifted', async () => {
  bots.double.restrictions.lock(account(), inAnHour())
  await eventually(async () => (await view()).restriction).toMatchObject({ kind: 'new-chats' })
  bots.double.acks.refuse(463)
  const id = await send(annNumber, 'a new chat to WhatsApp')
  await eventually(() => message(id)).toMatchObject({ status: 'queued', problem: expect.stringContaining('463') })
  bots.double.acks.refuse(463, 0)
  bots.double.restrictions.lift(account())
  await got(ann, 'a new chat to WhatsApp')
  await eventually(async () => (await message(id)).problem).toBe(null)
})

test('new chats that are used up are said and held for as well', async () => {
  bots.double.restrictions.cap(account(), 3, 50)
  bots.double.restrictions.cap(account(), 50, 50)
  await eventually(async () => (await view()).restriction).toMatchObject({ kind: 'new-chats-used-up', until: null })
  bots.double.restrictions.cap(account(), 0, 50)
  await eventually(async () => (await view()).restriction).toBe(null)
})

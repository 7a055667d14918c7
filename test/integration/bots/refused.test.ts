/** What WhatsApp does not take: said with the reason, or sent again when it passes. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'

const annNumber = '15550100011'
let bots: ServedBots
let ann: Contact
/** Pauses that were taken, by how often in a row. */
const paused: number[] = []

beforeEach(async () => {
  paused.length = 0
  bots = await serveBots({ timing: { backOff: (times) => (paused.push(times), 5) } })
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(bots.double, annNumber, 'Ann')
  await bots.linked('gate', '15550100142')
})

afterEach(async () => {
  await ann.stop()
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

const send = async (text: string): Promise<string> =>
  (await bots.call('POST', '/api/sessions/gate/messages', { to: annNumber, type: 'text', text })).body.message.messageId
const message = async (id: string) => (await bots.call('GET', `/api/sessions/gate/messages/${id}`)).body.message
/** Her library says that a message was delivered before it hands it over. */
const heard = () => expect.poll(() => ann.messages.map(textOf))

test.each([
  [400, 'malformed'],
  [463, 'does not let this account begin new chats'],
  [479, 'keys of a device in this chat are out of date'],
  [488, 'WhatsApp did not accept the message (488)'],
])('a message that WhatsApp refuses with %i has failed, with the reason in words, and the next goes out', async (code, words) => {
  bots.double.acks.refuse(code, 1)
  const refused = await send('refused')
  const next = await send('next')
  await expect.poll(() => message(refused)).toMatchObject({ status: 'failed', sentAt: null, problem: expect.stringContaining(words) })
  expect((await message(refused)).problem).toContain(String(code))
  await expect.poll(async () => (await message(next)).status).toBe('delivered')
  await heard().toEqual(['next'])
  expect((await bots.call('GET', '/v1/bots/gate')).body.bot.sentToday).toBe(1)
})

test('what was refused is listed by its status, and goes from queue and log when it is discarded', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.double.acks.refuse(463, 1)
  const refused = await send('refused')
  await expect.poll(async () => (await message(refused)).status).toBe('failed')
  const sent = await send('sent')
  await expect.poll(async () => (await message(sent)).status).toBe('delivered')
  const idsIn = async (path: string, field: 'id' | 'messageId'): Promise<string[]> =>
    (await bots.call('GET', `/api/sessions/gate/${path}`)).body.messages.map((each: Record<typeof field, string>) => each[field])
  expect(await idsIn('messages?status=failed', 'messageId')).toEqual([refused])
  expect((await bots.call('DELETE', `/api/sessions/gate/messages/${refused}`)).status).toBe(200)
  expect((await bots.call('DELETE', `/api/sessions/gate/messages/${sent}`)).status).toBe(409)
  expect(await idsIn('messages', 'messageId')).toEqual([sent])
  await expect.poll(() => idsIn('log', 'id')).toEqual([sent])
})

test.each([429, 503])('%i pauses the queue longer each time and loses nothing, in its order', async (code) => {
  bots.double.acks.refuse(code, 3)
  const ids = [await send('one'), await send('two')]
  await expect.poll(async () => (await message(ids[1] ?? '')).status).toBe('delivered')
  expect(paused).toEqual([1, 2, 3])
  await heard().toEqual(['one', 'two'])
  expect(await message(ids[0] ?? '')).toMatchObject({ problem: null })
  expect((await bots.call('GET', '/v1/bots/gate')).body.bot).toMatchObject({ queue: 0, heldUntil: null })
})

test('while the queue is paused the message says why, and the bot says until when', async () => {
  await bots.stop()
  bots = await serveBots({ timing: { backOff: () => 600_000 } })
  bots.context.change({ bots: { pause: 0 } })
  await ann.stop()
  ann = await connectContact(bots.double, annNumber, 'Ann')
  await bots.linked('gate', '15550100142')
  bots.double.acks.refuse(429)
  const [first, second] = [await send('one'), await send('two')]
  await expect.poll(() => message(first)).toMatchObject({ status: 'queued', problem: expect.stringContaining('429') })
  expect(await message(second)).toMatchObject({ status: 'queued', problem: null })
  expect(Date.parse((await bots.call('GET', '/v1/bots/gate')).body.bot.heldUntil)).toBeGreaterThan(Date.now())
  expect((await bots.call('DELETE', `/api/sessions/gate/messages/${first}`)).status).toBe(200)
})

test('a message that WhatsApp has not confirmed when the connection is lost goes out again', async () => {
  bots.double.acks.swallow(1)
  const id = await send('into the cut')
  await expect
    .poll(() =>
      bots.double
        .account('15550100142')
        .devices.values()
        .next()
        .value?.connection?.received.some(({ tag }) => tag === 'message'),
    )
    .toBe(true)
  expect(await message(id)).toMatchObject({ status: 'sending', sentAt: null })
  bots.double.dropAll()
  await bots.room.service.get('gate').start()
  await expect.poll(async () => (await message(id)).status).toBe('sent')
})

test('a queue that waits for an answer when the connection is lost goes on as soon as it is back', async () => {
  bots.double.mute(({ attrs }) => attrs['xmlns'] === 'usync')
  const id = await send('to a stranger')
  await expect
    .poll(() =>
      bots.double
        .account('15550100142')
        .devices.values()
        .next()
        .value?.connection?.received.some(({ attrs }) => attrs['xmlns'] === 'usync'),
    )
    .toBe(true)
  bots.double.unmute()
  bots.double.dropAll()
  await bots.room.service.get('gate').start()
  await expect.poll(async () => (await message(id)).status).toBe('sent')
})

/** Webhooks in order: per chat, side by side, and what a poor receiver holds up. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../server/clock.ts'
import type { Bounds } from '../../../server/events/webhooks/bounds.ts'
import { createWebhooks, type Webhooks, type WebhooksOptions } from '../../../server/events/webhooks/webhooks.ts'
import { Egress } from '../../../server/http/egress.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import { openDatabase, type Database } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import { startHookReceiver, type HookReceiver } from '../../fakes/hook-receiver.ts'
import { testClock, testLog } from '../../fakes/kernel.ts'
import { loopbackAllowed } from '../../fixtures/loopback.ts'

let receiver: HookReceiver
let database: Database
let webhooks: Webhooks
const sealer = createSealer(randomBytes(32))
const egress = new Egress({ allowedRanges: () => loopbackAllowed.allowedRanges })
const troubled: string[] = []

beforeEach(async () => {
  receiver = await startHookReceiver()
  database = openDatabase(':memory:')
  migrate(database)
  troubled.length = 0
  webhooks = dispatcher()
})

afterEach(async () => {
  await webhooks.stop()
  await receiver.stop()
  database.close()
})

function dispatcher(more: Partial<WebhooksOptions> = {}): Webhooks {
  const onTrouble = (room: string): void => void troubled.push(room)
  return createWebhooks({ database, sealer, clock: systemClock, log: testLog(), egress, waits: [5, 5], onTrouble, ...more })
}
const add = (more: object = {}) => webhooks.add('bots', 'gate', { url: receiver.url, types: [], ...more })
const say = (chat: string, data: unknown): void => webhooks.send('bots', 'gate', 'message', data, { key: chat, kind: 'people' })
const state = () => webhooks.list('bots', 'gate')[0]
const told = (): unknown[] => receiver.calls.map(({ data }) => data)

test('while one waits for its next try its chat waits in its order, and other chats go on', async () => {
  await webhooks.stop()
  webhooks = dispatcher({ waits: [3_600_000] })
  receiver.answer = ({ data }, response) => response.writeHead(data === 'a1' ? 500 : 200).end()
  add()
  say('a', 'a1')
  await expect.poll(told).toEqual(['a1'])
  for (const number of [2, 3]) {
    say('a', `a${number}`)
    say('b', `b${number}`)
  }
  await expect.poll(() => state()?.waiting).toBe(3)
  await expect.poll(told).toEqual(['a1', 'b2', 'b3'])
})

test('one that no try delivers becomes a dead letter, and the rest of its chat goes on in order', async () => {
  receiver.answer = ({ data }, response) => response.writeHead(data === 'a2' ? 500 : 200).end()
  const { id } = add()
  for (const number of [1, 2, 3, 4]) say('a', `a${number}`)
  await expect.poll(() => state()).toMatchObject({ waiting: 0, dead: 1 })
  expect(told()).toEqual(['a1', 'a2', 'a2', 'a2', 'a3', 'a4'])
  expect(webhooks.troubles('bots')).toMatchObject([{ id, subject: 'gate', dead: 1, dropped: 0 }])
  expect(troubled).toEqual(['bots'])
  expect(webhooks.discard('bots', 'gate', id)).toBe(1)
  expect(webhooks.troubles('bots')).toEqual([])
})

test('chats go side by side up to the bound of the webhook, one call of each', async () => {
  const held: (() => void)[] = []
  let underWay = 0
  let most = 0
  receiver.answer = (_call, response) => {
    most = Math.max(most, (underWay += 1))
    held.push(() => {
      underWay -= 1
      response.end()
    })
  }
  add({ atOnce: 3 })
  for (const chat of ['a', 'b', 'c', 'd', 'e']) for (const number of [1, 2]) say(chat, `${chat}${number}`)
  await expect.poll(() => held.length).toBe(3)
  expect(told().toSorted()).toEqual(['a1', 'b1', 'c1'])
  while ((state()?.waiting ?? 0) > 0) {
    held.shift()?.()
    await new Promise(setImmediate)
  }
  expect(most).toBe(3)
  for (const chat of ['a', 'b', 'c', 'd', 'e'])
    expect(told().filter((data) => String(data).startsWith(chat))).toEqual([`${chat}1`, `${chat}2`])
})

test('a receiver that never answers holds up its own webhook alone', async () => {
  const slow = await startHookReceiver()
  slow.answer = () => {}
  webhooks.add('bots', 'gate', { url: slow.url, types: [] })
  add()
  for (let number = 0; number < 20; number += 1) say(`chat ${number}`, number)
  await expect.poll(() => new Set(told()).size).toBe(20)
  await expect.poll(() => slow.calls.length).toBe(8)
  await webhooks.stop()
  await slow.stop()
})

test('answers that drip, are huge or are cut off count by their status', async () => {
  receiver.answer = ({ data }, response) => {
    response.writeHead(200)
    if (data === 'drip') response.write('so slow')
    if (data === 'huge') response.end('x'.repeat(5_000_000))
    if (data === 'cut') response.write('so far', () => response.destroy())
  }
  const { id } = add()
  for (const manner of ['drip', 'huge', 'cut']) say(manner, manner)
  await expect.poll(() => state()?.waiting).toBe(0)
  const page = webhooks.deliveries('bots', 'gate', id, {}, { limit: 10 }).deliveries
  const answers = page.map(({ id: delivery }) => webhooks.delivery('bots', 'gate', id, delivery).tries[0]?.answer)
  expect(answers.toSorted()).toEqual(['so far', 'so slow', 'x'.repeat(2_048)])
})

test('a receiver that says for how long is left alone for so long', async () => {
  const clock = testClock()
  await webhooks.stop()
  webhooks = dispatcher({ clock })
  receiver.answer = (_call, response) => response.writeHead(429, { 'retry-after': '120' }).end()
  const { id } = add()
  say('a', 'a1')
  await expect.poll(() => webhooks.deliveries('bots', 'gate', id, {}, { limit: 1 }).deliveries[0]?.attempts).toBe(1)
  expect(webhooks.deliveries('bots', 'gate', id, {}, { limit: 1 }).deliveries[0]?.nextAt).toBe(clock.now() + 120_000)
  say('b', 'b1')
  await expect.poll(() => state()?.waiting).toBe(2)
  expect(told()).toEqual(['a1'])
})

test('one that answers 410 is turned off, said so, and told everything when a person turns it on again', async () => {
  receiver.answer = (_call, response) => response.writeHead(410).end()
  const { id } = add()
  say('a', 'a1')
  await expect.poll(() => state()?.standing).toBe('gone')
  say('a', 'a2')
  expect(webhooks.troubles('bots')).toMatchObject([{ id, standing: 'gone', dead: 0 }])
  receiver.answer = (_call, response) => void response.end()
  webhooks.resume('bots', 'gate', id)
  await expect.poll(told).toEqual(['a1', 'a1', 'a2'])
  expect(webhooks.troubles('bots')).toEqual([])
})

test('while it is paused nothing is sent, over a restart too, and afterwards all in order', async () => {
  const { id } = add()
  webhooks.pause('bots', 'gate', id)
  say('a', 'a1')
  await webhooks.stop()
  webhooks = dispatcher()
  webhooks.start()
  say('a', 'a2')
  expect(webhooks.list('bots', 'gate')).toMatchObject([{ standing: 'paused', waiting: 2 }])
  webhooks.resume('bots', 'gate', id)
  await expect.poll(told).toEqual(['a1', 'a2'])
})

test('a clock that was set back by a year keeps nothing waiting for a year', async () => {
  const clock = testClock()
  await webhooks.stop()
  webhooks = dispatcher({ clock, waits: [3_600_000] })
  receiver.answer = (_call, response) => response.writeHead(500).end()
  add()
  say('a', 'a1')
  await expect.poll(() => database.prepare('SELECT attempts FROM webhook_deliveries').pluck().get()).toBe(1)
  await webhooks.stop()
  receiver.answer = (_call, response) => void response.end()
  const back = { now: () => clock.now() - 365 * 86_400_000, monotonic: () => clock.monotonic() }
  webhooks = dispatcher({ clock: back, waits: [3_600_000] })
  webhooks.start()
  await expect.poll(told).toEqual(['a1', 'a1'])
})

test('it is told of the chats and kinds that it asked for, and of what is about no chat', async () => {
  add({ keys: ['a'] })
  webhooks.add('bots', 'gate', { url: `${receiver.url}/groups`, types: ['message'], kind: 'groups' })
  say('a', 'a1')
  say('b', 'b1')
  webhooks.send('bots', 'gate', 'message', 'g1', { key: 'g', kind: 'groups' })
  webhooks.send('bots', 'gate', 'state', 's1', { key: 'gate', kind: null })
  const calls = () => receiver.calls.map(({ path, data }) => `${path} ${data}`).toSorted()
  await expect.poll(calls).toEqual(['/ a1', '/ s1', '/groups g1'])
})

test('what finds no room to wait is a dead letter at once, and what makes room for it is counted until a person has seen it', async () => {
  const bound = { count: 2, bytes: 1_000_000 }
  const bounds: Bounds = { waiting: bound, dead: bound, delivered: bound, body: 1_000, attempts: 2 }
  await webhooks.stop()
  webhooks = dispatcher({ bounds })
  const { id } = add()
  webhooks.pause('bots', 'gate', id)
  for (let number = 1; number <= 5; number += 1) say('a', number)
  say('a', 'x'.repeat(2_000))
  expect(state()).toMatchObject({ waiting: 2, dead: 2, dropped: 2 })
  expect(webhooks.dead('bots', 'gate', id).map(({ problem }) => problem)).toEqual([
    expect.stringContaining('too large'),
    'too much waits for it already',
  ])
  expect(webhooks.troubles('bots')).toMatchObject([{ dead: 2, dropped: 2 }])
  expect(() => webhooks.sendTo('bots', 'gate', id, 'rule', 6)).toThrow('this one is a dead letter')
  expect(webhooks.discard('bots', 'gate', id)).toBe(5)
  expect(webhooks.troubles('bots')).toEqual([])
})

test('its own headers go along, and are neither listed nor readable on the disk', async () => {
  const { id } = add({ headers: { 'x-token': 'canary-1' } })
  say('a', 'a1')
  await expect.poll(() => receiver.calls[0]?.headers['x-token']).toBe('canary-1')
  await expect.poll(() => state()?.waiting).toBe(0)
  const [delivery] = webhooks.deliveries('bots', 'gate', id, {}, { limit: 1 }).deliveries
  const shown = [webhooks.list('bots', 'gate'), webhooks.delivery('bots', 'gate', id, delivery?.id ?? '')]
  expect(JSON.stringify(shown)).toContain('x-token')
  expect(JSON.stringify(shown)).not.toContain('canary-1')
  expect(database.serialize().includes('canary-1')).toBe(false)
})

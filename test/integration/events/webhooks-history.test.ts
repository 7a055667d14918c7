/** What became of the events of a webhook: the log of its deliveries, once more what was of a time, and a call to try it out. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWebhooks, type Webhooks, type WebhooksOptions } from '../../../server/events/webhooks/webhooks.ts'
import { usualBounds } from '../../../server/events/webhooks/bounds.ts'
import { signature } from '../../../server/events/webhooks/signature.ts'
import { Egress } from '../../../server/http/egress.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import { openDatabase, type Database } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import { startHookReceiver, type HookReceiver } from '../../fakes/hook-receiver.ts'
import { testClock, testLog, type TestClock } from '../../fakes/kernel.ts'
import { loopbackAllowed } from '../../fixtures/loopback.ts'

const day = 86_400_000
let receiver: HookReceiver
let database: Database
let webhooks: Webhooks
let clock: TestClock
const sealer = createSealer(randomBytes(32))
const place = (id: string): ['bots', string, string] => ['bots', 'gate', id]

beforeEach(async () => {
  receiver = await startHookReceiver()
  database = openDatabase(':memory:')
  migrate(database)
  clock = testClock()
  webhooks = dispatcher()
})

afterEach(async () => {
  await webhooks.stop()
  await receiver.stop()
  database.close()
})

function dispatcher(more: Partial<WebhooksOptions> = {}): Webhooks {
  const egress = new Egress({ allowedRanges: () => loopbackAllowed.allowedRanges })
  return createWebhooks({ database, sealer, clock, log: testLog(), egress, waits: [0], ...more })
}
const say = (data: unknown, type = 'message', key = 'a'): void => webhooks.send('bots', 'gate', type, data, { key, kind: 'people' })
const settled = () => expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 0 }])
const told = (): unknown[] => receiver.calls.map(({ data }) => data)
/** Events a minute apart. */
async function minutes(count: number): Promise<number> {
  const begun = clock.now()
  for (let number = 0; number < count; number += 1) {
    say(number)
    clock.advance(60_000)
  }
  await settled()
  return begun
}

test('a delivery can be looked at in full: what was sent, each try, and what was answered in what time', async () => {
  receiver.answer = (_call, response) => response.writeHead(receiver.calls.length === 1 ? 503 : 200).end(`answer ${receiver.calls.length}`)
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url.replace('//', '//harbor:cret-9@'), types: [] })
  say({ text: 'hello' })
  await settled()
  const [listed] = webhooks.deliveries(...place(id), {}, { limit: 10 }).deliveries
  expect(listed).toMatchObject({ type: 'message', key: 'a', state: 'delivered', attempts: 2, problem: null, last: { status: 200 } })
  const { body, tries } = webhooks.delivery(...place(id), listed?.id ?? '')
  expect(body).toBe(receiver.calls[0]?.text)
  expect(tries).toMatchObject([
    { status: 503, problem: 'answered 503', answer: 'answer 1', at: clock.now() },
    { status: 200, problem: null, answer: 'answer 2', headers: { 'webhook-id': listed?.id, authorization: '…' } },
  ])
  expect(tries[0]?.headers?.['webhook-signature']).toBe(receiver.calls[0]?.headers['webhook-signature'])
  expect(database.serialize().toString('latin1')).not.toMatch(/hello|answer 1|cret-9/)
  expect(() => webhooks.delivery('bots', 'gate', id, 'delivery_none')).toThrow('No such delivery')
})

test('deliveries are listed by pages, and by state, type, chat and time', async () => {
  receiver.answer = ({ data }, response) => response.writeHead(data === 2 ? 404 : 200).end()
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url, types: [] })
  const begun = await minutes(5)
  say('s', 'state', 'b')
  await settled()
  const list = (filter: object, page: object = {}) => webhooks.deliveries(...place(id), filter, { limit: 10, ...page })
  const texts = (filter: object) =>
    list(filter).deliveries.map((each) => JSON.parse(webhooks.delivery(...place(id), each.id).body ?? '{}').data as unknown)
  const first = list({}, { limit: 4 })
  expect(first.deliveries).toHaveLength(4)
  expect(list({}, { before: first.next }).deliveries).toHaveLength(2)
  expect(texts({ state: 'dead' })).toEqual([2])
  expect(texts({ type: 'state' })).toEqual(['s'])
  expect(texts({ key: 'b' })).toEqual(['s'])
  expect(texts({ from: begun + 60_000, to: begun + 180_000 })).toEqual([3, 2, 1])
})

test('what was delivered is kept for its days and then gone, what was given up stays, and days of 0 keep nothing', async () => {
  receiver.answer = ({ data }, response) => response.writeHead(data === 'dead' ? 404 : 200).end()
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url, types: [], keepFor: 3 })
  const forgetful = webhooks.add('bots', 'gate', { url: receiver.url, types: ['message'], keepFor: 0 })
  for (const data of ['old', 'dead']) say(data)
  await expect.poll(() => webhooks.list('bots', 'gate').map(({ waiting }) => waiting)).toEqual([0, 0])
  expect(webhooks.deliveries(...place(forgetful.id), { state: 'delivered' }, { limit: 10 }).deliveries).toEqual([])
  clock.advance(3 * day + 1)
  await webhooks.stop()
  webhooks.start()
  const left = webhooks.deliveries(...place(id), {}, { limit: 10 }).deliveries
  expect(left).toMatchObject([{ state: 'dead' }])
  expect(webhooks.replayRange(...place(id), { from: 0, to: clock.now(), types: [], states: ['delivered'] })).toMatchObject({
    count: 0,
    keptSince: clock.now() - 3 * day,
  })
})

test('all of a time goes out once more in its order, marked, under its old ids, and beside what is new', async () => {
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url, types: [] })
  const begun = await minutes(6)
  const before = receiver.calls.splice(0)
  receiver.answer = ({ headers }, response) => response.writeHead(headers['webhook-replay'] === 'true' ? 500 : 200).end()
  const range = { from: begun + 60_000, to: begun + 180_000, types: [], states: ['delivered', 'dead'] as const }
  expect(webhooks.replayRange(...place(id), range)).toEqual({ count: 3, left: 0, next: null, keptSince: null })
  say('new')
  await settled()
  // What was asked for once more and fails does not hold up what is new in its chat.
  expect(told().filter((data) => data !== 'new')).toEqual([1, 1, 2, 2, 3, 3])
  expect(told()).toContain('new')
  expect(receiver.calls.find(({ data }) => data === 'new')?.headers).not.toHaveProperty('webhook-replay')
  expect(receiver.calls.find(({ data }) => data === 1)?.headers['webhook-id']).toBe(before[1]?.headers['webhook-id'])
  receiver.answer = (_call, response) => void response.end()
  expect(webhooks.replayRange(...place(id), { ...range, types: ['state'] }).count).toBe(0)
  expect(webhooks.replayRange(...place(id), { ...range, states: ['dead'] }).count).toBe(3)
  await settled()
  expect(webhooks.list('bots', 'gate')).toMatchObject([{ dead: 0 }])
})

test('a replay of more than may wait says what is left and where to go on', async () => {
  await webhooks.stop()
  webhooks = dispatcher({ bounds: { ...usualBounds, waiting: { count: 2, bytes: 1_000_000 } } })
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url, types: [] })
  const begun = clock.now()
  for (let number = 0; number < 3; number += 1) await minutes(1)
  const all = { from: 0, to: clock.now(), types: [], states: ['delivered'] as const }
  expect(webhooks.replayRange(...place(id), all)).toMatchObject({ count: 2, left: 1, next: begun + 120_000 })
})

test('a test call is signed like a real one, says what was answered, and leaves nothing behind', async () => {
  receiver.answer = (_call, response) => response.writeHead(302, { location: '/elsewhere' }).end('moved')
  const { id, secret } = webhooks.add('bots', 'gate', { url: receiver.url, types: [], headers: { 'x-token': 'canary-1' } })
  webhooks.pause(...place(id))
  const outcome = await webhooks.test(...place(id), 'message', { text: 'a sample' })
  expect(outcome).toMatchObject({
    status: 302,
    problem: 'answered 302',
    answer: 'moved',
    headers: { 'x-token': '…', 'webhook-test': 'true' },
  })
  const [call] = receiver.calls
  expect(receiver.calls).toHaveLength(1)
  expect(call?.headers['webhook-signature']).toBe(
    signature({
      id: String(call?.headers['webhook-id']),
      timestamp: Number(call?.headers['webhook-timestamp']),
      body: call?.text ?? '',
      secret,
    }),
  )
  expect(webhooks.deliveries(...place(id), {}, { limit: 10 }).deliveries).toEqual([])
  await receiver.stop()
  expect(await webhooks.test(...place(id), 'message', {})).toMatchObject({ status: null, problem: expect.stringContaining('ECONNREFUSED') })
  receiver = await startHookReceiver()
})

test('what is changed later holds for what comes then, and the secret stays', async () => {
  const { id, secret } = webhooks.add('bots', 'gate', { url: `${receiver.url}/old`, types: ['state'], headers: { 'x-one': '1' } })
  webhooks.change(...place(id), { url: `${receiver.url}/new`, types: [], keys: ['a'] })
  say('told')
  say('not told', 'message', 'b')
  await settled()
  expect(receiver.calls).toMatchObject([{ path: '/new', data: 'told', headers: { 'x-one': '1' } }])
  const [{ headers, text } = expect.fail('not called')] = receiver.calls
  expect(headers['webhook-signature']).toBe(
    signature({ id: String(headers['webhook-id']), timestamp: Number(headers['webhook-timestamp']), body: text, secret }),
  )
  expect(() => webhooks.change(...place(id), { url: 'http://10.0.0.1/' })).toThrow('may not be reached')
})

test('what is forgotten of a chat is gone from the deliveries, all of it or what names a message', async () => {
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url, types: [] })
  for (const name of ['M1', 'M2']) say({ id: name })
  say({ id: 'M1' }, 'message', 'b')
  await settled()
  webhooks.forgetNaming('bots', 'gate', 'a', 'M1')
  const bodies = (): (string | undefined)[] =>
    webhooks.deliveries(...place(id), {}, { limit: 10 }).deliveries.map((each) => webhooks.delivery(...place(id), each.id).body?.slice(-12))
  expect(bodies()).toEqual(['{"id":"M1"}}', '{"id":"M2"}}'])
  webhooks.forget('bots', 'gate', null)
  expect(bodies()).toEqual([])
})

test('what was sealed under a key that is not here is listed without its words and given up with its reason', async () => {
  const { id } = webhooks.add('bots', 'gate', { url: receiver.url, types: [] })
  say('read once')
  await settled()
  webhooks.pause(...place(id))
  say('never read')
  const foreign = createSealer(randomBytes(32))
  const rows = database.prepare<[], { id: string }>('SELECT id FROM webhook_deliveries').all()
  for (const row of rows)
    database.prepare('UPDATE webhook_deliveries SET body = ? WHERE id = ?').run(foreign.seal('x', `webhook-delivery:${row.id}`), row.id)
  database.prepare('UPDATE webhook_attempts SET sealed = ?').run(foreign.seal('x', 'elsewhere'))
  webhooks.resume(...place(id))
  await settled()
  const [dead, delivered] = webhooks.deliveries(...place(id), {}, { limit: 10 }).deliveries
  expect(dead).toMatchObject({ state: 'dead', attempts: 0, problem: 'its words were sealed under a key that is not here' })
  expect(webhooks.delivery(...place(id), delivered?.id ?? '')).toMatchObject({
    body: null,
    tries: [{ headers: null, answer: null, status: 200 }],
  })
})

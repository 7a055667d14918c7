/**
 * Whatever WhatsApp sends, or somebody in its place, ends nothing but the connection it came over: in the real server, with all rooms asked
 * meanwhile.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'
import { encodeBinaryNode, type BinaryNode } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type ServerProcess } from '../../fakes/server-process.ts'
import type { Connection } from '../../fakes/whatsapp/connection.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { eventually } from '../../fixtures/eventually.ts'

const numbers: Readonly<Record<string, string>> = { gate: '15550100142', calm: '15550100177' }
let double: WhatsAppDouble
let server: ServerProcess

beforeAll(async () => {
  double = await WhatsAppDouble.start()
  server = await startServer({ args: ['--whatsapp-url', double.url] })
  for (const [userId, phoneNumber] of Object.entries(numbers)) {
    const { pairingCode } = (await bots('POST', '/api/sessions', { userId, phoneNumber })) as { pairingCode: string }
    expect(await double.enterCode(phoneNumber, pairingCode)).toBe('linked')
    await eventually(`${userId} online`, async () => (await state(userId)) === 'online')
  }
})

afterAll(async () => {
  await server.dispose()
  await double.stop()
})

const bots = async (method: string, path: string, json?: object): Promise<object> =>
  (
    await server.call(`${server.ready.apis['bots']?.url}${path}`, { method, ...(json === undefined ? {} : { json }) })
  ).json() as Promise<object>
const bot = async (userId: string) => ((await bots('GET', `/v1/bots/${userId}`)) as { bot: { state: string; reason: string | null } }).bot
const state = async (userId: string) => (await bot(userId)).state
const connection = (userId: string): Connection | null => [...double.account(numbers[userId] ?? '').devices.values()][0]?.connection ?? null

/** Online again, by a start where it waits. */
async function online(userId: string): Promise<void> {
  await bots('POST', `/api/sessions/${userId}/start`)
  await expect.poll(() => state(userId)).toBe('online')
}

/** Each room is asked for something that it has to work for. */
async function allAnswer(): Promise<void> {
  const { apis } = server.ready
  const asked = [
    `${apis['brokers']?.url}/health`,
    `${apis['browsers']?.url}/v1/browser-sessions`,
    `${apis['bots']?.url}/api/sessions`,
    `${apis['logins']?.url}/health`,
    `${apis['relay']?.url}/api/sessions`,
    '/control/v1/overview',
  ]
  const statuses = await Promise.all(asked.map(async (url) => [url.replace(/:\d+/, ''), (await server.call(url)).status < 500]))
  expect(statuses).toEqual(asked.map((url) => [url.replace(/:\d+/, ''), true]))
}

const node = (tag: string, attrs: Record<string, string>, content?: BinaryNode['content']): Uint8Array =>
  encodeBinaryNode(content === undefined ? { tag, attrs } : { tag, attrs, content })

const frames: readonly (readonly [name: string, send: (to: Connection) => void])[] = [
  ['a frame that does not decrypt', (to) => to.sendFrame(Buffer.alloc(64, 7))],
  ['a frame shorter than its tag', (to) => to.sendFrame(Buffer.from([1, 2, 3]))],
  ['an empty frame', (to) => to.sendFrame(Buffer.alloc(0))],
  ['a node without a byte in it', (to) => to.sendBytes(Buffer.alloc(0))],
  ['a node of an unknown kind', (to) => to.sendBytes(Buffer.from([0, 3, 9, 9]))],
  [
    'a node that ends in its middle',
    (to) => to.sendBytes(Buffer.from(node('message', { id: 'a', from: '15550100011@s.whatsapp.net' })).subarray(0, 12)),
  ],
  ['a node that says it is packed and is not', (to) => to.sendBytes(Buffer.from([2, 1, 2, 3, 4]))],
  ['a list of a length it has not', (to) => to.sendBytes(Buffer.from([0, 249, 255, 255]))],
]

test.each(frames)('%s ends the connection it came over, the bot says so and comes back, and nobody else notices', async (_name, send) => {
  await online('gate')
  const [before, calm] = [connection('gate'), connection('calm')]
  send(before ?? expect.fail('not connected'))
  await expect.poll(() => connection('gate') !== before).toBe(true)
  await expect
    .poll(
      async () =>
        ((await bots('GET', '/v1/bots/gate')) as { history: { state: string; reason: string | null }[] }).history.find(
          ({ state: past }) => past === 'reconnecting',
        )?.reason,
    )
    .toContain('failed over something it was sent')
  await allAnswer()
  await online('gate')
  expect(connection('calm')).toBe(calm)
  expect(await state('calm')).toBe('online')
  expect(server.child.exitCode).toBe(null)
})

test('a bot whose connection fails over and over is set aside with the reason, named under attention, and can be tried again', async () => {
  // Started by a person it has no fault yet: one that had come back by itself from an earlier one would still count that.
  await bots('POST', '/api/sessions/gate/stop')
  await online('gate')
  let last: Connection | null = null
  for (let fault = 1; fault <= 5; fault += 1) {
    await expect.poll(() => connection('gate') !== null && connection('gate') !== last).toBe(true)
    last = connection('gate')
    await expect.poll(() => state('gate')).toBe('online')
    last?.sendFrame(Buffer.alloc(40, fault))
  }
  await expect.poll(() => state('gate')).toBe('failed')
  expect((await bot('gate')).reason).toMatch(/set aside after 5 faults in a row; start it to try again/)
  const { attention } = (await (await server.call('/control/v1/overview')).json()) as {
    attention: { subject: string | null; title: string; text: string }[]
  }
  expect(attention).toContainEqual(
    expect.objectContaining({ subject: 'gate', title: 'gate does not run', text: expect.stringContaining('faults in a row') }),
  )
  await online('gate')
})

/** The same odd things every time. */
function generator(seed: number): (below: number) => number {
  let value = seed
  return (below) => {
    value = (value * 16_807) % 2_147_483_647
    return value % below
  }
}

const tags = [
  'message',
  'receipt',
  'notification',
  'call',
  'iq',
  'ack',
  'ib',
  'success',
  'chatstate',
  'presence',
  'stream:features',
  'nobody-knows',
]
const endings = ['xmlstreamend', 'failure', 'stream:error']
const attributes = [
  'id',
  'from',
  'to',
  'type',
  'class',
  'participant',
  'recipient',
  'offline',
  't',
  'xmlns',
  'error',
  'code',
  'reason',
  'notify',
  'category',
  'edit',
  'addressing_mode',
  'sender_lid',
]
const values = [
  '',
  '0',
  '-1',
  'set',
  'get',
  'result',
  'error',
  'message',
  'NaN',
  'lid',
  '@',
  'x@s.whatsapp.net',
  '15550100011:1@s.whatsapp.net',
  '15550100011@lid',
  'g@g.us',
  'status@broadcast',
  'account_sync',
  'devices',
  'encrypt',
  'w:gp2',
  'server_sync',
  'privacy_token',
  'passkey_prologue_request',
  'crsc_continuation',
  'link_code_companion_reg',
  'mediaretry',
  'md',
  '9'.repeat(400),
  '\u0000\ud83d',
]
const children = [
  'enc',
  'pair-device',
  'pair-success',
  'offline',
  'offline_preview',
  'edge_routing',
  'retry',
  'update',
  'add',
  'remove',
  'participant',
  'plaintext',
  'unavailable',
  'error',
  'count',
  'downgrade_webclient',
  'dirty',
  'item',
  'mex',
  'picture',
  'device-identity',
  'collection',
  'link_code_companion_reg',
  'rmr',
  'terminate',
  'offer',
]

function oddNode(next: (below: number) => number, depth = 0): BinaryNode {
  const pick = <Item>(items: readonly Item[]): Item => items[next(items.length)] as Item // the index is below the length
  const attrs = Object.fromEntries(Array.from({ length: next(6) }, () => [pick(attributes), pick(values)]))
  const kind = next(4)
  const content =
    kind === 0
      ? undefined
      : kind === 1
        ? Buffer.from(Array.from({ length: next(60) }, () => next(256)))
        : kind === 2
          ? pick(values)
          : Array.from({ length: depth > 2 ? 0 : next(4) }, () => oddNode(next, depth + 1))
  const tag = depth > 0 ? pick(children) : next(20) === 0 ? pick(endings) : pick(tags)
  return content === undefined ? { tag, attrs } : { tag, attrs, content }
}

function oddFrame(next: (below: number) => number): (to: Connection) => void {
  const noise = Buffer.from(Array.from({ length: next(80) }, () => next(256)))
  const kind = next(80)
  if (kind === 0) return (to) => to.sendFrame(noise)
  if (kind === 1) return (to) => to.sendBytes(noise)
  if (kind === 2) return (to) => to.sendBytes(Buffer.concat([Buffer.from([2]), deflateSync(noise)]))
  const encoded = Buffer.from(encodeBinaryNode(oddNode(next)))
  if (kind === 3) return (to) => to.sendBytes(encoded.subarray(0, next(encoded.length)))
  return (to) => to.sendBytes(encoded)
}

/** The bot has acknowledged something that came after the frame, or its connection is over. */
async function dealtWith(to: Connection, id: string): Promise<void> {
  to.send({ tag: 'notification', attrs: { id, from: 's.whatsapp.net', type: 'probe', t: '1767322800' } })
  while (to.isOpen && to.received.every(({ tag, attrs }) => tag !== 'ack' || attrs['id'] !== id)) await wait(1)
}

test('five hundred odd frames and nodes end nothing but connections, and all five rooms answer all the while', async () => {
  const next = generator(20_261_126)
  let [rounds, sent, cut] = [0, 0, 0]
  let isOver = false
  const answering = (async () => {
    for (; !isOver; rounds += 1) {
      await allAnswer()
      await wait(20)
    }
  })()
  answering.catch(() => (isOver = true))
  await online('gate')
  while (sent < 500 && !isOver) {
    const to = connection('gate')
    if (to?.isOpen !== true) {
      // An unlinking and a refusal of the account are words of WhatsApp too, and forged here: the bot is told to start whatever it was told
      // before.
      await bots('POST', '/api/sessions/gate/start')
      await wait(5)
      continue
    }
    oddFrame(next)(to)
    sent += 1
    await dealtWith(to, `probe-${sent}`)
    if (!to.isOpen) cut += 1
  }
  isOver = true
  await answering
  await online('gate')
  expect(cut).toBeGreaterThan(20)
  expect(rounds).toBeGreaterThan(0)
  expect(await state('calm')).toBe('online')
  expect(server.child.exitCode).toBe(null)
  expect(await server.end()).toBe(0)
})

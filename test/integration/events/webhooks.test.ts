/** Webhooks: signed, in order, tried again, given up and replayed, and never into a private network unasked. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { postWebhook } from '../../../server/events/webhooks/request.ts'
import { signature } from '../../../server/events/webhooks/signature.ts'
import { createWebhooks, type Webhooks, type WebhooksOptions } from '../../../server/events/webhooks/webhooks.ts'
import { Egress } from '../../../server/http/egress.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import { systemClock } from '../../../server/clock.ts'
import { openDatabase, type Database } from '../../../server/store/database.ts'
import { migrate } from '../../../server/store/migrate.ts'
import { temporaryFolder, testLog } from '../../fakes/kernel.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

let server: Server
let url: string
let database: Database
let egress: Egress
let webhooks: Webhooks
let ranges: readonly string[] = []
/** The status of each answer to come; 200 after the last. */
let answers: number[] = []
/** The delivery that the receiver never takes. */
let poison: number | null = null
/** Resets the connection in the middle of its answer. */
let resets = false
/** What was asked for, with the query. */
const paths: string[] = []
const got: { headers: IncomingHttpHeaders; body: string }[] = []

beforeEach(async () => {
  ranges = ['127.0.0.0/8']
  answers = []
  poison = null
  resets = false
  got.length = 0
  paths.length = 0
  server = createServer((request, response) => {
    paths.push(String(request.url))
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      got.push({ headers: request.headers, body })
      if (resets) return void response.writeHead(200, { 'content-length': 100 }).write('so far', () => request.socket.resetAndDestroy())
      response.writeHead(poison !== null && (JSON.parse(body) as { data: unknown }).data === poison ? 500 : (answers.shift() ?? 200)).end()
    })
  })
  url = await listenOnLoopback(server)
  egress = new Egress({ allowedRanges: () => ranges })
  database = openDatabase(':memory:')
  migrate(database)
  webhooks = dispatcher()
})

afterEach(async () => {
  await webhooks.stop()
  await stopServer(server)
  database.close()
})

const dispatcher = (more: Partial<WebhooksOptions> = {}): Webhooks =>
  createWebhooks({ database, sealer: createSealer(randomBytes(32)), clock: systemClock, log: testLog(), egress, waits: [5, 5], ...more })

test('a delivery is signed so that the receiver can prove where it came from', async () => {
  const { secret } = webhooks.add('bots', 'gate', { url, types: ['message'] })
  webhooks.send('bots', 'gate', 'message', { text: 'hello' })
  webhooks.send('bots', 'gate', 'state', {})
  webhooks.send('bots', 'other', 'message', {})
  await expect.poll(() => got.length).toBe(1)
  const [{ headers, body } = { headers: {}, body: '' }] = got
  expect(JSON.parse(body)).toMatchObject({ type: 'message', data: { text: 'hello' } })
  expect(headers['webhook-signature']).toBe(
    signature({ id: String(headers['webhook-id']), timestamp: Number(headers['webhook-timestamp']), body, secret }),
  )
})

test('one that fails steps aside: what comes after it is delivered while it waits', async () => {
  await webhooks.stop()
  webhooks = dispatcher({ waits: [3_600_000] })
  poison = 1
  webhooks.add('bots', 'gate', { url, types: [] })
  for (let number = 1; number <= 20; number += 1) webhooks.send('bots', 'gate', 'message', number)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 1, dead: 0, ordered: false }])
  expect(got.map(({ body }) => JSON.parse(body).data)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
})

test('what is handed in while a failed one waits does not wait with it', async () => {
  await webhooks.stop()
  webhooks = dispatcher({ waits: [3_600_000] })
  poison = 1
  webhooks.add('bots', 'gate', { url, types: [] })
  webhooks.send('bots', 'gate', 'message', 1)
  const problem = database.prepare('SELECT problem FROM webhook_deliveries').pluck()
  await expect.poll(() => problem.get()).toBe('answered 500')
  webhooks.send('bots', 'gate', 'message', 2)
  await expect.poll(() => got.map(({ body }) => JSON.parse(body).data)).toEqual([1, 2])
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 1, dead: 0 }])
})

test('one that fails each time is given up with its reason, and nothing else is', async () => {
  poison = 1
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  for (let number = 1; number <= 20; number += 1) webhooks.send('bots', 'gate', 'message', number)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 0, dead: 1 }])
  expect(webhooks.dead('bots', 'gate', id)).toMatchObject([{ problem: 'answered 500' }])
  const sent = got.map(({ body }) => JSON.parse(body).data)
  expect(sent.filter((data) => data !== 1)).toEqual(Array.from({ length: 19 }, (_, index) => index + 2))
  expect(sent.filter((data) => data === 1)).toHaveLength(3)
})

test('an address that fails one after the other is left alone instead of run against by a long backlog', async () => {
  await webhooks.stop()
  webhooks = dispatcher({ waits: [3_600_000] })
  answers = Array.from({ length: 50 }, () => 503)
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  for (let number = 1; number <= 50; number += 1) webhooks.send('bots', 'gate', 'message', number)
  await expect.poll(() => got.length).toBe(4)
  answers = []
  expect(webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 50, dead: 0 }])
  expect(webhooks.replay('bots', 'gate', id)).toBe(0)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 4, dead: 0 }])
})

test('stopped and started again, the dispatcher goes on with what waits', async () => {
  await webhooks.stop()
  webhooks.add('bots', 'gate', { url, types: [] })
  webhooks.send('bots', 'gate', 'message', 1)
  webhooks.start()
  await expect.poll(() => got.map(({ body }) => JSON.parse(body).data)).toEqual([1])
})

test('a receiver that resets the connection after its answer has answered', async () => {
  resets = true
  webhooks.add('bots', 'gate', { url, types: [] })
  webhooks.send('bots', 'gate', 'message', 1)
  webhooks.send('bots', 'gate', 'message', 2)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 0, dead: 0 }])
  expect(got).toHaveLength(2)
})

test('what was sealed under another key is said: such a webhook waits, or is given up', async () => {
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  await webhooks.stop()
  webhooks.send('bots', 'gate', 'message', 1)
  const other = dispatcher({ sealer: createSealer(randomBytes(32)) })
  other.start()
  other.send('bots', 'gate', 'message', 2)
  expect(other.locked('bots')).toBe(1)
  expect(other.list('bots', 'gate')).toMatchObject([{ id, waiting: 2, dead: 0 }])
  other.giveUpLocked('bots')
  expect(other.list('bots', 'gate')).toEqual([])
  expect(other.locked('bots')).toBe(0)
  expect(got).toEqual([])
  await other.stop()
})

test('in order, what fails is tried again under the same id, and later ones keep their place', async () => {
  answers = [503, 500]
  webhooks.add('bots', 'gate', { url, types: [], ordered: true })
  webhooks.send('bots', 'gate', 'message', 1)
  webhooks.send('bots', 'gate', 'message', 2)
  await expect.poll(() => got.length).toBe(4)
  expect(got.map(({ body }) => JSON.parse(body).data)).toEqual([1, 1, 1, 2])
  expect(new Set(got.slice(0, 3).map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 0, dead: 0 }])
})

test('what was given up is seen and can be delivered once more', async () => {
  answers = [503, 503, 503, 404]
  const { id } = webhooks.add('bots', 'gate', { url, types: [], ordered: true })
  webhooks.send('bots', 'gate', 'message', 1)
  webhooks.send('bots', 'gate', 'message', 2)
  await expect.poll(() => webhooks.dead('bots', 'gate', id).map(({ problem }) => problem)).toEqual(['answered 404', 'answered 503'])
  expect(webhooks.replay('bots', 'gate', id)).toBe(2)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 0, dead: 0 }])
  expect(got.slice(-2).map(({ body }) => JSON.parse(body).data)).toEqual([1, 2])
})

test('one that was given up is delivered alone, and only while it is dead', async () => {
  answers = [404, 404]
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  webhooks.send('bots', 'gate', 'message', 1)
  webhooks.send('bots', 'gate', 'message', 2)
  await expect.poll(() => webhooks.dead('bots', 'gate', id)).toHaveLength(2)
  const [second = '', first = ''] = webhooks.dead('bots', 'gate', id).map((delivery) => delivery.id)
  webhooks.replayOne('bots', 'gate', id, second)
  await expect.poll(() => webhooks.list('bots', 'gate')).toMatchObject([{ waiting: 0, dead: 1 }])
  expect(got.map(({ body }) => JSON.parse(body).data)).toEqual([1, 2, 2])
  expect(webhooks.dead('bots', 'gate', id)).toMatchObject([{ id: first }])
  expect(() => webhooks.replayOne('bots', 'gate', id, second)).toThrow('No such delivery')
  expect(() => webhooks.replayOne('bots', 'other', id, first)).toThrow('No such webhook')
})

test('nothing goes to private addresses unless the settings allow their range', async () => {
  ranges = []
  for (const address of [
    url,
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]:80/',
    'http://localhost:1/',
    'http://10.0.0.1/',
    'http://0x7f.1/',
    'http://[fec0::1]/',
    'http://[::7f00:1]/',
  ]) {
    expect(() => webhooks.add('bots', 'gate', { url: address, types: [] }), address).toThrow('may not be reached')
  }
  await expect(postWebhook(requestTo(url.replace('127.0.0.1', 'localhost')))).rejects.toThrow('it is a loopback address')
  expect(got).toEqual([])
})

test('a name that means a private address when it is called is not called', async () => {
  ranges = []
  const answers = [[{ address: '93.184.215.14', family: 4 }], [{ address: '127.0.0.1', family: 4 }]]
  egress = new Egress({ allowedRanges: () => ranges, resolve: async () => answers.shift() ?? [] })
  expect(await egress.addresses({ host: 'moved.example', port: 80, protocol: 'http:' })).toEqual([{ address: '93.184.215.14', family: 4 }])
  await expect(postWebhook(requestTo(url.replace('127.0.0.1', 'moved.example')))).rejects.toThrow('it is a loopback address')
  expect(got).toEqual([])
})

test("Wheelhouse's own listeners are not called even where the settings allow their range", async () => {
  const port = Number(new URL(url).port)
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  const closed = egress.addListener(port)
  expect(() => webhooks.add('bots', 'gate', { url, types: [] })).toThrow('Wheelhouse itself')
  webhooks.send('bots', 'gate', 'message', 1)
  await expect.poll(() => webhooks.dead('bots', 'gate', id)).toMatchObject([{ problem: expect.stringContaining('Wheelhouse itself') }])
  closed()
  webhooks.replay('bots', 'gate', id)
  await expect.poll(() => got).toHaveLength(1)
})

test('a redirect is an answer and is not followed', async () => {
  answers = [302, 302, 302]
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  webhooks.send('bots', 'gate', 'message', 1)
  await expect.poll(() => webhooks.dead('bots', 'gate', id)).toMatchObject([{ problem: 'answered 302' }])
})

test('a name and password in the address are sent and never shown or kept readable', async () => {
  const named = url.replace('http://', 'http://harbor:s%20cret-9@')
  expect(webhooks.add('bots', 'gate', { url: named, types: [] }).url).toBe(url)
  webhooks.send('bots', 'gate', 'message', 1)
  await expect.poll(() => got).toHaveLength(1)
  expect(got[0]?.headers.authorization).toBe(`Basic ${Buffer.from('harbor:s cret-9').toString('base64')}`)
  expect(JSON.stringify([webhooks.list('bots', 'gate'), database.prepare('SELECT * FROM webhooks').all()])).not.toMatch(/cret-9|harbor/)
})

test('addresses that an earlier version kept as they were given are sealed at the start, and still called', async () => {
  const sealer = createSealer(randomBytes(32))
  const file = join(temporaryFolder(), 'wheelhouse.db')
  await webhooks.stop()
  database.close()
  database = openDatabase(file)
  migrate(database)
  webhooks = dispatcher({ sealer })
  const { id } = webhooks.add('bots', 'gate', { url, types: [] })
  // As versions before wrote it: the address in the clear, with what it is worth, the secret sealed alone.
  database
    .prepare('UPDATE webhooks SET url = ?, secret = ? WHERE id = ?')
    .run(
      `${url.replace('http://', 'http://harbor:cret-9@')}/services/canary-1?token=canary-2`,
      sealer.seal('whsec_AAAA', `webhook:${id}`),
      id,
    )
  database.pragma('wal_checkpoint(TRUNCATE)')
  const onDisk = (): string => [file, `${file}-wal`].map((each) => readFileSync(each, 'latin1')).join('')
  expect(onDisk().includes('canary-1')).toBe(true)
  webhooks.start()
  expect(onDisk().match(/canary-|cret-9/)).toBeNull()
  expect(webhooks.list('bots', 'gate').map((webhook) => webhook.url)).toEqual([`${url}/services/…?…`])
  webhooks.send('bots', 'gate', 'message', 1)
  await expect.poll(() => got[0]?.headers.authorization).toBe(`Basic ${Buffer.from('harbor:cret-9').toString('base64')}`)
  expect(paths).toEqual(['/services/canary-1?token=canary-2'])
})

test('an address that is added is on the disk as it may be shown, and sealed', async () => {
  const worth = `${url}/services/canary-1?token=canary-2`
  expect(webhooks.add('bots', 'gate', { url: worth, types: [] }).url).toBe(worth)
  expect(
    database
      .serialize()
      .toString('latin1')
      .match(/canary-/),
  ).toBeNull()
  webhooks.send('bots', 'gate', 'message', 1)
  await expect.poll(() => paths).toEqual(['/services/canary-1?token=canary-2'])
})

test('what is handed in as the last delivery is done goes out as well', async () => {
  const sealer = createSealer(randomBytes(32))
  let looks = 0
  const busy: Webhooks = createWebhooks({
    database,
    sealer: {
      ...sealer,
      open(sealed, context) {
        // The target is read before each look for a delivery; the second look finds none, and this comes right after it.
        if (context.startsWith('webhook:')) looks += 1
        if (context.startsWith('webhook:') && looks === 2) queueMicrotask(() => busy.send('bots', 'door', 'message', 2))
        return sealer.open(sealed, context)
      },
    },
    clock: systemClock,
    log: testLog(),
    egress: new Egress({ allowedRanges: () => ranges }),
  })
  busy.add('bots', 'door', { url, types: [] })
  busy.send('bots', 'door', 'message', 1)
  await expect.poll(() => got.map(({ body }) => JSON.parse(body).data)).toEqual([1, 2])
  await busy.stop()
})

function requestTo(address: string): Parameters<typeof postWebhook>[0] {
  return {
    url: address,
    userinfo: null,
    id: 'a',
    body: '{}',
    secret: 'whsec_AAAA',
    timestamp: 1,
    egress,
    timeout: 1_000,
    signal: new AbortController().signal,
  }
}

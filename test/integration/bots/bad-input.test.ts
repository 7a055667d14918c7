/** What is no proper call: the document's errors, and no file or row touched. */
import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { botsContract } from '../../../server/bots/contract/index.ts'
import { botsKey, serveBots, type ServedBots } from '../../fakes/served-bots.ts'

let bots: ServedBots

beforeEach(async () => {
  bots = await serveBots()
})

afterEach(async () => {
  await bots.stop()
  expect(bots.double.errors).toEqual([])
})

/** Everything the room keeps, as one text. */
function kept(): string {
  const tables = bots.context.database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'bot%' OR name LIKE 'webhook%')")
    .pluck()
    .all() as string[] // names are texts
  return JSON.stringify(tables.map((table) => [table, bots.context.database.prepare(`SELECT * FROM ${table}`).all()]))
}

test('no route of a bot takes an id that is a path, a wildcard or a script', async () => {
  await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber: '15550100142' })
  await bots.call('POST', '/api/sessions/gate/stop')
  const [before, files] = [kept(), readdirSync(bots.context.dataDir)]
  const fill: Record<string, string> = {
    messageId: '3EB0AABB',
    number: '15550100011',
    rule: 'rule_0123456789abcdef',
    webhook: 'webhook_0123456789abcdef',
    delivery: 'delivery_01234567890123456789',
    backup: 'backup_0123456789abcdef',
  }
  const routes = Object.values(botsContract.routes).filter(({ path }) => path.includes(':userId'))
  expect(routes.length).toBeGreaterThan(30)
  for (const { method, path } of routes) {
    for (const id of [
      '..%2F..%2Fetc%2Fpasswd',
      '%2e%2e%5cgate',
      'gate%00',
      'gate%0a',
      "gate'--",
      '%25',
      '*',
      '%3Cscript%3E',
      'ga te',
      'x'.repeat(101),
    ]) {
      const reply = await bots.call(
        method,
        path.replace(':userId', id).replace(/:(\w+)/g, (_, name: string) => fill[name] ?? name),
        method === 'GET' || method === 'DELETE' ? undefined : {},
        { 'x-api-key': botsKey },
      )
      expect([400, 404], `${method} ${path} with ${id}: ${reply.status}`).toContain(reply.status)
      expect(reply.body.success).toBe(false)
    }
  }
  expect(kept()).toBe(before)
  expect(readdirSync(bots.context.dataDir)).toEqual(files)
})

test('a phone number is digits with a country code, and nothing else becomes a bot', async () => {
  const before = kept()
  for (const phoneNumber of [
    '1555O100142',
    '+15550100142',
    '1 555 010 0142',
    '1-555-010-0142',
    '015550100142',
    '12345',
    '1'.repeat(16),
    '١٥٥٥٠١٠٠١٤٢',
    '',
    15_550_100_142,
    null,
    ['15550100142'],
    { a: 1 },
  ]) {
    expect(await bots.call('POST', '/api/sessions', { userId: 'gate', phoneNumber }), JSON.stringify(phoneNumber)).toMatchObject({
      status: 400,
      body: { success: false, message: expect.any(String) },
    })
    expect((await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber })).status).toBe(400)
  }
  expect(kept()).toBe(before)
  expect(bots.double.connectedAt).toHaveLength(0)
})

test('bodies that are no proper JSON, too large or too deep are refused in the document’s shape', async () => {
  const bodies: [string, number][] = [
    ['{', 400],
    ['[]', 400],
    ['"gate"', 400],
    ['null', 400],
    [`${'['.repeat(5_000)}${']'.repeat(5_000)}`, 400],
    [JSON.stringify({ userId: 'gate', phoneNumber: '1'.repeat(3_000_000) }), 413],
  ]
  for (const [body, status] of bodies)
    expect(await bots.call('POST', '/api/sessions', body), body.slice(0, 20)).toMatchObject({
      status,
      body: { success: false, message: expect.any(String) },
    })
  expect(await bots.call('POST', '/api/sessions', 'userId=gate', { 'content-type': 'text/plain' })).toMatchObject({
    status: 415,
    body: { success: false },
  })
  expect(bots.room.service.list()).toEqual([])
})

test('a backup file that is damaged, foreign or a bomb is refused and changes nothing', async () => {
  await bots.linked('gate', '15550100142')
  const { id } = (await bots.call('POST', '/v1/bots/gate/backups')).body
  const { body: file } = await bots.call('POST', `/v1/bots/gate/backups/${id}/file`, { passphrase: 'a long passphrase' })
  await bots.call('POST', '/api/sessions/gate/stop')
  const before = kept()
  const flipped = (at: number): Buffer => Buffer.from(file).fill(file[at] ^ 1, at, at + 1)
  const files: Buffer[] = [
    Buffer.alloc(0),
    Buffer.from('not a backup'),
    file.subarray(0, 40),
    file.subarray(0, -1),
    Buffer.concat([file, Buffer.from([0])]),
    flipped(3),
    flipped(10),
    flipped(30),
    flipped(40),
    flipped(file.length - 1),
    gzipSync(Buffer.alloc(5_000_000)),
    Buffer.concat([file.subarray(0, 51), gzipSync(Buffer.alloc(5_000_000))]),
  ]
  for (const [index, each] of files.entries()) {
    const reply = await bots.call('POST', '/v1/bot-backups', { file: each.toString('base64'), passphrase: 'a long passphrase' })
    expect([400, 409], `file ${index}: ${reply.status}`).toContain(reply.status)
    expect(reply.body).toMatchObject({ success: false })
  }
  expect((await bots.call('POST', '/v1/bot-backups', { file: file.toString('base64'), passphrase: 'A long passphrase' })).status).toBe(409)
  expect((await bots.call('POST', '/v1/bots/gate/restore', { backup: 'backup_0123456789abcdef' })).status).toBe(404)
  expect(kept()).toBe(before)
})

test('a flood of wrong keys is held off, and the right one still opens', async () => {
  const key = 'a-key-of-at-least-thirty-two-characters'
  const keyed = await serveBots({ double: bots.double, variables: { apiKey: key, databaseFile: null } })
  const statuses: number[] = []
  for (let index = 0; index < 40; index += 1) {
    const reply = await keyed.call(
      'POST',
      '/api/sessions',
      { userId: 'gate', phoneNumber: '15550100142' },
      { 'x-api-key': `guess ${index}` },
    )
    statuses.push(reply.status)
    expect(reply.body.success).toBe(false)
  }
  expect(new Set(statuses)).toEqual(new Set([401, 429]))
  expect(statuses.indexOf(429)).toBeGreaterThanOrEqual(10)
  expect((await keyed.call('POST', '/api/sessions/nobody/stop', undefined, { 'x-api-key': key })).status).toBe(404)
  expect(keyed.room.service.list()).toEqual([])
  await keyed.stop()
})

test('rules and messages have their limits', async () => {
  await bots.call('POST', '/v1/bots', { userId: 'gate', phoneNumber: '15550100142' })
  const rule = (index: number) =>
    bots.call('POST', '/api/sessions/gate/rules', { name: `rule ${index}`, action: { type: 'reply', template: 'x' } })
  for (let index = 0; index < 100; index += 1) expect((await rule(index)).status).toBe(201)
  expect(await rule(100)).toMatchObject({ status: 409, body: { success: false } })
  const send = (body: object, headers = {}) =>
    bots.call('POST', '/api/sessions/gate/messages', { to: '15550100011', type: 'text', text: 'x', ...body }, headers)
  expect((await send({ text: 'x'.repeat(65_537) })).status).toBe(400)
  expect((await send({}, { 'idempotency-key': 'k'.repeat(256) })).status).toBe(400)
  expect((await send({ to: '120363000000000001@broadcast' })).status).toBe(400)
  expect((await bots.call('GET', '/api/sessions/gate/messages')).body.messages).toEqual([])
})

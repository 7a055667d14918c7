/**
 * The sealing key was lost or changed: bots say that they are locked, the others go on, and the key put back or what it sealed given up
 * mends it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSealer } from '../../../server/secrets/seal.ts'
import type { Sealer } from '../../../server/secrets/sealer.ts'
import { botsKey, serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { inWords, lockedInWords } from '../../fakes/words.ts'

const [number, other] = ['15550100142', '15550100177']
const [lost, present] = [createSealer(randomBytes(32)), createSealer(randomBytes(32))]
/** Seals with the key that is here and opens with those that are. */
const keyring = (opening: readonly Sealer[]): Sealer => ({
  seal: (plain, context) => present.seal(plain, context),
  open(sealed, context) {
    for (const [index, sealer] of opening.entries()) {
      try {
        return sealer.open(sealed, context)
      } catch (error) {
        if (index === opening.length - 1) throw error
      }
    }
    throw new Error('no key')
  },
})
const asOwner = { 'x-api-key': botsKey }
let keys: Sealer[] = []
let bots: ServedBots
let double: WhatsAppDouble
let dataDir: string

beforeEach(async () => {
  double = await WhatsAppDouble.start()
  dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-bots-'))
  const before = await serveBots({ dataDir, double, sealer: lost })
  await before.linked('gate', number)
  before.context.change({ webhooks: { allowPrivate: true } })
  expect((await before.call('POST', '/api/sessions/gate/webhooks', { url: 'http://127.0.0.1:9/' }, asOwner)).status).toBe(201)
  expect((await before.call('POST', '/api/sessions/gate/backup')).status).toBe(200)
  await before.stop()
  keys = [present]
  bots = await serveBots({
    dataDir,
    double,
    sealer: { seal: (...given) => present.seal(...given), open: (...given) => keyring(keys).open(...given) },
  })
})

afterEach(async () => {
  await bots.stop()
  await double.stop()
  rmSync(dataDir, { recursive: true, force: true })
  expect(double.errors).toEqual([])
})

const gate = () => bots.room.service.get('gate')
const becomes = (userId: string, state: string) => expect.poll(() => bots.state(userId)).toBe(state)

test('a locked bot says so in plain words, is named under attention, and neither stops the others nor is lost', async () => {
  expect((await bots.call('GET', '/v1/bots/gate')).body.bot).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/locked.*Put the key back.*or give the link up/),
  })
  expect(inWords(bots.room.attention())).toMatchObject([{ subject: 'gate', title: 'gate is locked' }])
  expect(lockedInWords(bots.room.locked?.())).toEqual(['1 bot (gate)', '1 webhook', '1 backup'])
  await bots.linked('other', other)
  expect(bots.state('other')).toBe('online')
  expect((await bots.call('GET', '/api/sessions')).body.count).toBe(2)
  expect(await bots.call('POST', '/v1/bots/gate/backups')).toMatchObject({
    status: 409,
    body: { message: expect.stringContaining('locked') },
  })
  expect(await bots.call('POST', '/api/sessions/gate/logout')).toMatchObject({
    status: 502,
    body: { message: expect.stringContaining('locked') },
  })
  expect(await bots.call('POST', '/api/sessions', { userId: 'twin', phoneNumber: number })).toMatchObject({
    status: 409,
    body: { message: expect.stringContaining('gate') },
  })
  expect((await bots.call('POST', '/api/sessions/gate/start')).status).toBe(200)
  expect(bots.state('gate')).toBe('failed')
  expect(double.account(number).devices.size).toBe(1)
})

test('with the key back, the room started again has the bot online as it was', async () => {
  keys = [present, lost]
  await bots.room.stop()
  await bots.room.start()
  await becomes('gate', 'online')
  expect(lockedInWords(bots.room.locked?.())).toEqual([])
  expect(bots.room.attention()).toEqual([])
})

test('given up, a bot can be paired again, and nothing that is locked is left', async () => {
  await bots.room.giveUpLocked?.()
  expect(lockedInWords(bots.room.locked?.())).toEqual([])
  expect(bots.state('gate')).toBe('stopped')
  expect((await bots.call('GET', '/api/sessions/gate/webhooks', undefined, asOwner)).body.webhooks).toEqual([])
  expect((await bots.call('GET', '/v1/bots/gate')).body.backups).toEqual([])
  await gate().start()
  await expect.poll(() => gate().pairing?.code ?? null).not.toBe(null)
  expect(await double.enterCode(number, gate().pairing?.code ?? '')).toBe('linked')
  await becomes('gate', 'online')
})

test('one bot alone is given up by pairing it again', async () => {
  expect((await bots.call('POST', '/v1/bots/gate/pair')).status).toBe(200)
  await expect.poll(() => gate().pairing?.code ?? null).not.toBe(null)
  expect(await double.enterCode(number, gate().pairing?.code ?? '')).toBe('linked')
  await becomes('gate', 'online')
  expect(gate().isLocked).toBe(false)
})

test('what the log holds of the lost key is shown as locked, and what comes after it is read', async () => {
  await bots.call('POST', '/v1/bots/gate/pair')
  const old = {
    id: 'OLD',
    chat: `${other}@s.whatsapp.net`,
    author: '',
    authorName: null,
    fromMe: false,
    at: 1,
    kind: 'text',
    text: 'old words',
    quoted: null,
    reactsTo: null,
  }
  bots.context.database
    .prepare('INSERT INTO bot_log (user_id, message_id, chat, from_me, at, sealed) VALUES (?, ?, ?, 0, 1, ?)')
    .run('gate', old.id, old.chat, lost.seal(JSON.stringify(old), 'bots:log:gate'))
  expect((await bots.call('GET', '/api/sessions/gate/log', undefined, asOwner)).body.messages).toMatchObject([
    { id: 'OLD', chat: old.chat, kind: 'locked', text: '' },
  ])
  expect((await bots.call('GET', '/api/sessions/gate/chats', undefined, asOwner)).body.chats).toMatchObject([
    { chat: old.chat, last: { kind: 'locked' } },
  ])
})

test('a proxy that is locked is never gone without', async () => {
  await bots.linked('other', other)
  bots.context.database
    .prepare('UPDATE bots SET proxy = ? WHERE user_id = ?')
    .run(lost.seal('http://proxy.example:8080', 'bots:proxy:other'), 'other')
  const sealed = () => bots.context.database.prepare("SELECT proxy FROM bots WHERE user_id = 'other'").pluck().get()
  const before = sealed()
  const again = await serveBots({ dataDir, double, sealer: present })
  expect(again.room.service.get('other')).toMatchObject({ isLocked: true, state: 'failed' })
  await again.call('PATCH', '/v1/bots/other', { notes: 'kept' })
  expect(sealed()).toEqual(before)
  await again.stop()
})

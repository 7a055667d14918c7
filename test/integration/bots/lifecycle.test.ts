/** How bots live and recover: every way a link begins, is lost, comes back and ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { BotEvent } from '../../../server/bots/contract/native/events.ts'
import { Fault } from '../../../server/fault.ts'
import { serveBots, type ServeBotsOptions, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { inWords } from '../../fakes/words.ts'

const number = '15550100142'
const gate = { userId: 'gate', phoneNumber: number }
const served: ServedBots[] = []
const endings: (() => unknown)[] = []

async function serve(options: ServeBotsOptions = {}): Promise<ServedBots> {
  const bots = await serveBots(options)
  served.push(bots)
  return bots
}

async function end(bots: ServedBots): Promise<void> {
  served.splice(served.indexOf(bots), 1)
  await bots.stop()
}

afterEach(async () => {
  const all = [...served]
  for (const bots of all) await end(bots)
  for (const ending of endings.splice(0)) await ending()
  for (const { double } of all) expect(double.errors).toEqual([])
})

const becomes = (bots: ServedBots, state: string) => expect.poll(() => bots.state('gate'), { interval: 5 }).toBe(state)
const device = (bots: ServedBots) => {
  const found = [...bots.double.account(number).devices.values()][0]
  if (found === undefined) throw new Error('no device')
  return found
}
const row = (bots: ServedBots) => bots.room.service.get('gate').row

test('whoever listens to a bot that is deleted hears no more, and nothing of the next one of that id', async () => {
  const bots = await serve()
  await bots.call('POST', '/v1/bots', gate)
  const heard: BotEvent[] = []
  const socket = new WebSocket(`${bots.url.replace('http', 'ws')}/api/sessions/gate/events`)
  socket.on('message', (data) => heard.push(JSON.parse(String(data)) as BotEvent)) // the room wrote it
  const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)))
  await new Promise((resolve) => socket.once('open', resolve))
  expect((await bots.call('DELETE', '/api/sessions/gate')).status).toBe(200)
  await bots.call('POST', '/v1/bots', { ...gate, phoneNumber: '15550100143' })
  expect(await closed).toBe(4_404)
  expect(heard.at(-1)).toMatchObject({ type: 'state', state: 'stopped' })
})

test('a bot is linked by QR as well, by the window', async () => {
  const bots = await serve()
  expect((await bots.call('POST', '/v1/bots', { ...gate, label: 'Gate alerts' })).status).toBe(202)
  await expect.poll(async () => (await bots.call('GET', '/v1/bots/gate')).body.bot.pairing?.code).toMatch(/^.{4}-.{4}$/)
  const { bot } = (await bots.call('GET', '/v1/bots/gate')).body
  expect(bot).toMatchObject({ state: 'pairing', label: 'Gate alerts', pairing: { qr: expect.stringContaining('wa.me') } })
  expect(await bots.double.scanQr(number, bot.pairing.qr)).toBe('linked')
  await becomes(bots, 'online')
  expect((await bots.call('GET', '/v1/bots/gate')).body.history.map(({ state }: { state: string }) => state)).toEqual([
    'online',
    'starting',
    'pairing',
    'starting',
  ])
})

test('a wrong code changes nothing; the right one still links', async () => {
  const bots = await serve()
  const { code } = await bots.room.service.create(gate, 'owner')
  expect(await bots.double.enterCode(number, 'AAAAAAAA')).toBe('wrong-code')
  expect(bots.state('gate')).toBe('pairing')
  expect(await bots.double.enterCode(number, code)).toBe('linked')
  await becomes(bots, 'online')
})

test('a refused request for a code is reported and leaves nothing behind', async () => {
  const bots = await serve()
  bots.double.refuse(429)
  const refused = await bots.room.service.create(gate, 'owner').catch((error: unknown) => error)
  expect(Fault.is(refused, 'pairing-refused') && refused.message).toContain('429')
  expect(bots.room.service.find('gate')).toBe(undefined)
  bots.double.refuse(0)
  await bots.linked('gate', number)
})

test('a code that nobody typed expires with the last QR, and a new start brings a new one', async () => {
  const bots = await serve()
  // The codes age when the test says so: of short ones the last may be over on a busy machine before the pairing code is there.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { code, bot } = await bots.room.service.create(gate, 'owner')
  vi.advanceTimersByTime(60_000 + 5 * 20_000 - 1)
  expect(bots.state('gate')).toBe('pairing')
  vi.advanceTimersByTime(1)
  await becomes(bots, 'failed')
  vi.useRealTimers()
  expect(row(bots).reason).toContain('expired')
  expect((await bots.call('GET', '/api/sessions/gate/pairing')).status).toBe(404)
  expect(bots.context.database.prepare('SELECT count(*) AS count FROM bot_auth').get()).toEqual({ count: 0 })
  await bot.start()
  await expect.poll(() => bot.pairing?.code ?? code).not.toBe(code)
})

test('a cut while pairing begins anew with fresh keys and another code', async () => {
  const bots = await serve()
  const { bot, code } = await bots.room.service.create(gate, 'owner')
  bots.double.dropAll()
  await becomes(bots, 'reconnecting')
  await expect.poll(() => bot.pairing?.code ?? code).not.toBe(code)
  expect(await bots.double.enterCode(number, bot.pairing?.code ?? '')).toBe('linked')
  await becomes(bots, 'online')
})

test('a server that is slow to answer is waited for, and the code it has heard of links', async () => {
  const bots = await serve()
  bots.double.delay(400)
  const { code } = await bots.room.service.create(gate, 'owner')
  expect(bots.double.pairing.waitingNumbers()).toEqual([number])
  expect(await bots.double.enterCode(number, code)).toBe('linked')
  await becomes(bots, 'online')
})

test('a request for a code that nobody answers is reported and leaves nothing behind', async () => {
  const bots = await serve({ timing: { patience: { code: 300, unlink: 300 } } })
  bots.double.mute(({ content }) => Array.isArray(content) && content[0]?.tag === 'link_code_companion_reg')
  const refused = await bots.room.service.create(gate, 'owner').catch((error: unknown) => error)
  expect(Fault.is(refused, 'pairing-refused') && refused.message).toContain('in time')
  expect(bots.room.service.find('gate')).toBe(undefined)
  expect(bots.context.database.prepare('SELECT count(*) AS count FROM bots').get()).toEqual({ count: 0 })
})

test('an account that asks for a passkey is explained, with the way out', async () => {
  const bots = await serve()
  bots.double.demandPasskey(number)
  const { code } = await bots.room.service.create(gate, 'owner')
  expect(await bots.double.enterCode(number, code)).toBe('passkey-demanded')
  await becomes(bots, 'failed')
  expect(row(bots).reason).toContain('passkey')
})

test('a lost connection comes back by itself', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  bots.double.dropAll()
  await becomes(bots, 'reconnecting')
  expect(row(bots).reason).toContain('428')
  await becomes(bots, 'online')
  await expect.poll(() => bots.double.online()).toHaveLength(1)
})

test('a bot that was unlinked, replaced or refused is not tried again and keeps its credentials', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  bots.double.replace(device(bots))
  await becomes(bots, 'replaced')
  await bots.room.service.get('gate').start()
  await becomes(bots, 'online')

  bots.double.refuseLogin(403)
  await bots.room.service.get('gate').restart()
  await becomes(bots, 'blocked')
  bots.double.refuseLogin(0)
  await bots.room.service.get('gate').start()
  await becomes(bots, 'online')

  const before = bots.double.connectedAt.length
  bots.double.removeDevice(device(bots))
  await becomes(bots, 'logged_out')
  expect(row(bots)).toMatchObject({ wanted: false, reason: 'Unlinked on the phone (401)' })
  expect(bots.room.service.get('gate').isLinked).toBe(true)
  expect(bots.double.connectedAt).toHaveLength(before)
  expect(bots.room.attention()).toMatchObject([{ subject: 'gate', tone: 'bad' }])
})

test('the number of a linked bot is not linked a second time, not even by QR', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  const { bot } = await bots.room.service.create({ userId: 'other', phoneNumber: '15550100177' }, 'owner')
  expect(await bots.double.scanQr(number, bot.pairing?.qr ?? '')).toBe('linked')
  await expect.poll(() => bot.state).toBe('failed')
  expect(bot.row.reason).toContain('linked here already, as gate')
  expect(bot.isLinked).toBe(false)
  expect(bots.state('gate')).toBe('online')
})

test('two starts and a stop at once open one socket, and the last word counts', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  const bot = bots.room.service.get('gate')
  await bot.stop()
  await Promise.all([bot.start(), bot.start(), bot.stop(), bot.start()])
  await becomes(bots, 'online')
  await expect.poll(() => bots.double.online().length).toBe(1)
})

test('bots that ran run again after a restart of the app; stopped ones stay stopped', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-bots-'))
  endings.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const double = await WhatsAppDouble.start()
  endings.push(() => double.stop())
  const first = await serve({ dataDir, double })
  await first.linked('gate', number)
  await first.linked('rest', '15550100199')
  await first.room.service.get('rest').stop()
  await end(first)
  await expect.poll(() => double.online()).toHaveLength(0)
  const second = await serve({ dataDir, double, sealer: first.context.sealer })
  await becomes(second, 'online')
  expect(second.state('rest')).toBe('stopped')
})

test('a restored bot reads on in a chat it had before, on another machine too', async () => {
  const bots = await serve()
  const ann = await connectContact(bots.double, '15550100011', 'Ann')
  endings.push(ann.stop)
  await bots.linked('gate', number)
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'one' })
  const session = () => bots.context.database.prepare("SELECT count(*) AS count FROM bot_auth WHERE kind = 'session'").get()
  await expect.poll(session).toMatchObject({ count: 1 })
  const backup = (await bots.call('POST', '/v1/bots/gate/backups')).body
  expect(backup.rows).toBeGreaterThan(800)
  const file = await bots.call('POST', `/v1/bots/gate/backups/${backup.id}/file`, { passphrase: 'a long passphrase' })
  expect(file.body.includes('noiseKey')).toBe(false)
  await bots.room.service.get('gate').stop()

  const other = await serve({ double: bots.double })
  const bring = (passphrase: string, bytes: Buffer) => other.call('POST', '/v1/bot-backups', { passphrase, file: bytes.toString('base64') })
  expect((await bring('another passphrase', file.body)).status).toBe(409)
  const damaged = Buffer.from(file.body)
  damaged[damaged.length - 5] = (damaged[damaged.length - 5] ?? 0) ^ 1
  expect((await bring('a long passphrase', damaged)).status).toBe(409)
  expect(other.room.service.list()).toHaveLength(0)
  const brought = await bring('a long passphrase', file.body)
  expect(brought).toMatchObject({ status: 201, body: { userId: 'gate' } })
  expect((await other.call('POST', '/v1/bots/gate/restore', { backup: brought.body.backup })).status).toBe(200)
  await other.room.service.get('gate').start()
  await becomes(other, 'online')
  const sent = await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'two' })
  // What it could not read it would answer with a receipt that asks for another copy.
  const receipt = () => device(other).connection?.received.find(({ tag, attrs }) => tag === 'receipt' && attrs['id'] === sent?.key.id)
  await expect.poll(receipt).toBeDefined()
  expect(receipt()?.attrs['type']).not.toBe('retry')
})

test('a backup that was changed in the database is refused and touches no row', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  await bots.call('POST', '/api/sessions/gate/backup')
  await bots.call('POST', '/api/sessions/gate/stop')
  const rows = () => bots.context.database.prepare('SELECT * FROM bot_auth ORDER BY kind, id').all()
  const before = rows()
  bots.context.database.prepare("UPDATE bot_backups SET checksum = 'other'").run()
  expect(await bots.call('POST', '/api/sessions/gate/restore')).toMatchObject({ status: 409, body: { success: false } })
  expect(rows()).toEqual(before)
  bots.context.database.prepare('DELETE FROM bot_backups').run()
  expect((await bots.call('POST', '/api/sessions/gate/restore')).status).toBe(404)
})

test('nothing of a link lies readable in the database', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  const values = bots.context.database.prepare('SELECT sealed FROM bot_auth').pluck().all() as Buffer[] // the column is a blob
  expect(values.length).toBeGreaterThan(800)
  expect(values.some((value) => value.includes('private') || value.includes('noiseKey') || value.includes(number))).toBe(false)
})

test('a bot whose link the phone has ended is paired again, with its queue, log and rules; a good link is not given up', async () => {
  const bots = await serve()
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true, notes: 'in the gate house' })
  expect(await bots.call('POST', '/v1/bots/gate/pair')).toMatchObject({ status: 409, body: { success: false } })
  await bots.call('POST', '/api/sessions/gate/stop')
  expect((await bots.call('POST', '/v1/bots/gate/pair')).status).toBe(409)
  await bots.call('POST', '/api/sessions/gate/start')
  await becomes(bots, 'online')

  bots.double.removeDevice(device(bots))
  await becomes(bots, 'logged_out')
  await bots.call('POST', '/api/sessions/gate/messages', { to: '15550100011', type: 'text', text: 'waits' })
  expect((await bots.call('POST', '/v1/bots/gate/pair')).body).toMatchObject({ linkedAt: null, queue: 1 })
  await expect.poll(async () => (await bots.call('GET', '/v1/bots/gate')).body.bot.pairing?.code).toMatch(/^.{4}-.{4}$/)
  expect(await bots.double.enterCode(number, (await bots.call('GET', '/v1/bots/gate')).body.bot.pairing.code)).toBe('linked')
  await becomes(bots, 'online')
  await expect.poll(async () => (await bots.call('GET', '/v1/bots/gate')).body.bot.queue).toBe(0)
  expect((await bots.call('GET', '/v1/bots/gate')).body.bot).toMatchObject({
    keepsLog: true,
    notes: 'in the gate house',
    linkedAt: expect.any(String),
  })
})

test('the room stops and starts again in place: bots come back, webhooks and queues go on, and who listens hears it', async () => {
  const bots = await serve()
  bots.context.change({ bots: { pause: 0 } })
  const ann = await connectContact(bots.double, '15550100011', 'Ann')
  endings.push(ann.stop)
  await bots.linked('gate', number)
  await bots.linked('rest', '15550100199')
  await bots.room.service.get('rest').stop()
  const heard: string[] = []
  bots.room.messages.subscribe('gate', (event) => heard.push(event.type === 'message' ? event.message.text : event.type))
  for (let round = 1; round <= 2; round += 1) {
    await bots.room.stop()
    await expect.poll(() => bots.double.online().map(({ account }) => account.number)).toEqual(['15550100011'])
    const waiting = await bots.call('POST', '/api/sessions/gate/messages', { to: '15550100011', type: 'text', text: `round ${round}` })
    expect(waiting.body.message.status).toBe('queued')
    await bots.room.start()
    await becomes(bots, 'online')
    expect(bots.state('rest')).toBe('stopped')
    await ann.message(({ message }) => (message?.conversation ?? message?.extendedTextMessage?.text) === `round ${round}`)
    await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: `answer ${round}` })
    await expect.poll(() => heard).toContain(`answer ${round}`)
  }
  await expect.poll(() => bots.double.online()).toHaveLength(2)
})

test('a bot that fails its start twice is set aside and named, and the others run', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-bots-'))
  endings.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const double = await WhatsAppDouble.start()
  endings.push(() => double.stop())
  const first = await serve({ dataDir, double })
  await first.linked('gate', number)
  await first.linked('rest', '15550100199')
  first.context.database
    .prepare('UPDATE bots SET proxy = ? WHERE user_id = ?')
    .run(first.context.sealer.seal('no address', 'bots:proxy:gate'), 'gate')
  await end(first)
  const second = await serve({ dataDir, double, sealer: first.context.sealer })
  await becomes(second, 'failed')
  expect(row(second)).toMatchObject({ wanted: false, reason: expect.stringContaining('could not be started') })
  expect(inWords(second.room.attention())).toMatchObject([{ subject: 'gate', title: 'gate does not run' }])
  expect((await second.call('GET', '/v1/bots/gate')).body.history.map(({ state }: { state: string }) => state).slice(0, 3)).toEqual([
    'failed',
    'reconnecting',
    'starting',
  ])
  await expect.poll(() => second.state('rest')).toBe('online')
})

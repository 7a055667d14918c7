/** Files that come with messages: fetched after the message was told, kept sealed within a budget, and given out as what they are. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import type { AnyMessageContent, proto } from 'baileys'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BotEvent } from '../../../server/bots/contract/native/events.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { eventually } from '../../fixtures/eventually.ts'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const number = '15550100142'
const jid = `${number}@s.whatsapp.net`
const authorities = getCACertificates()
const sealer = createSealer(randomBytes(32))
const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-media-'))
const folder = join(dataDir, 'bots', 'files')
const told: BotEvent[] = []
let media: MediaServer
let double: WhatsAppDouble
let bots: ServedBots
let ann: Contact
/** Ann's chat. */
let chat: string

/** What is tried again is at once, and from the third time on when this hour is over. */
const backOff = (tries: number): number => (tries < 3 ? 1 : hour)
const hour = 3_600_000
let ahead = 0

const serve = async (): Promise<ServedBots> => {
  const clock = { now: () => Date.now() + ahead, monotonic: () => performance.now() }
  const served = await serveBots({ double, dataDir, sealer, clock, timing: { backOff } })
  served.room.messages.subscribe('gate', (event) => void told.push(event))
  return served
}

beforeAll(async () => {
  media = new MediaServer()
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  double = await WhatsAppDouble.start({ media })
  bots = await serve()
  ann = await connectContact(double, '15550100011', 'Ann')
  chat = `${ann.number}@s.whatsapp.net`
  await bots.linked('gate', number)
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
  await double.stop()
  await media.stop()
  setDefaultCACertificates(authorities)
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  expect(double.errors).toEqual([])
})

beforeEach(() => set({ keepsLog: true, keepsMedia: true, mediaKinds: null, mediaBudget: null }))

const set = async (settings: object): Promise<void> => {
  expect(await bots.call('PATCH', '/v1/bots/gate', settings)).toMatchObject({ status: 200, body: { settings } })
}
/** What Ann sends: its id, and where its file lies. */
async function say(content: AnyMessageContent): Promise<{ id: string; path: string; key: Uint8Array }> {
  const sent = await ann.socket.sendMessage(jid, content)
  const part = Object.values(sent?.message ?? {}).find((each): each is proto.Message.IImageMessage => each?.directPath != null)
  return { id: sent?.key.id ?? '', path: part?.directPath ?? '', key: part?.mediaKey ?? new Uint8Array() }
}
const log = async () => (await bots.call('GET', `/api/sessions/gate/log?chat=${chat}`)).body.messages
const viewOf = async (id: string) => (await log()).find((message: { id: string }) => message.id === id)?.media
const triesOf = (id: string) => bots.context.database.prepare('SELECT tries FROM bot_media WHERE message_id = ?').pluck().get(id)
const become = (id: string, state: string) =>
  eventually(`the file of ${id} is ${state}`, async () => {
    const view = await viewOf(id)
    return view?.state === state ? view : null
  })
const get = (id: string, headers = {}) =>
  bots.call('GET', `/api/sessions/gate/messages/${id}/media?chat=${encodeURIComponent(chat)}`, undefined, headers)

test('a picture is told at once, then kept, sealed, and given out whole and in part', async () => {
  const image = Buffer.concat([png, randomBytes(200_000)])
  const { id } = await say({ image, caption: 'the gate' })
  const view = await become(id, 'kept')
  expect(view).toEqual({
    state: 'kept',
    problem: null,
    size: image.length,
    url: `/api/sessions/gate/messages/${id}/media?chat=${encodeURIComponent(chat)}`,
  })
  const whole = await bots.call('GET', view.url)
  expect(whole.status).toBe(200)
  expect(whole.body.equals(image)).toBe(true)
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': String(image.length),
    'content-disposition': expect.stringMatching(/^inline;/),
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
  })
  const part = await get(id, { range: 'bytes=100000-100099' })
  expect({ status: part.status, range: part.headers.get('content-range') }).toEqual({
    status: 206,
    range: `bytes 100000-100099/${image.length}`,
  })
  expect(part.body.equals(image.subarray(100_000, 100_100))).toBe(true)
  expect((await get(id, { range: 'bytes=-7' })).body.equals(image.subarray(-7))).toBe(true)
  expect((await get(id, { range: `bytes=${image.length}-` })).status).toBe(416)
  const files = readdirSync(folder)
  expect(files.map((name) => readFileSync(join(folder, name)).includes(png))).toEqual([false])
  const about = (type: string) => told.findIndex((event) => event.type === type && JSON.stringify(event).includes(id))
  expect(about('message')).toBeGreaterThan(-1)
  expect(about('media')).toBeGreaterThan(about('message'))
  // What opens the file at WhatsApp is nobody's to see.
  expect(JSON.stringify([told, await log()])).not.toMatch(/mediaKey|directPath/)
})

test('a file that is not kept is fetched when it is asked for, and one that nobody knows is not found', async () => {
  await set({ keepsMedia: false })
  const { id } = await say({ document: Buffer.from('a,b\n1,2\n'), mimetype: 'text/csv', fileName: 'orders.csv' })
  expect(await become(id, 'waiting')).toMatchObject({ size: 8, problem: null })
  const answers = await Promise.all([get(id), get(id)])
  for (const answer of answers) expect({ status: answer.status, text: String(answer.body) }).toEqual({ status: 200, text: 'a,b\n1,2\n' })
  expect(answers[0]?.headers.get('content-disposition')).toBe(`attachment; filename="orders.csv"; filename*=UTF-8''orders.csv`)
  expect((await get('3EB000000000')).status).toBe(404)
})

test('a file that has run out is put up again by the phone, and is gone when the phone has it no more', async () => {
  await set({ keepsMedia: false })
  const [first, second] = [await say({ image: png }), await say({ image: png })]
  for (const { path } of [first, second]) media.expire(path)
  double.reuploads.answer(number, (id) => (id === first.id ? { mediaKey: first.key, directPath: media.again(first.path) ?? '' } : null))
  await become(second.id, 'waiting')
  expect((await get(first.id)).body.equals(png)).toBe(true)
  expect(await viewOf(first.id)).toMatchObject({ state: 'kept' })
  expect(await get(second.id)).toMatchObject({ status: 410, body: { success: false } })
  expect(await viewOf(second.id)).toMatchObject({ state: 'gone', problem: expect.stringContaining('phone') })
})

test.each([
  ['changed in the middle', (file: Buffer) => Buffer.concat([file.subarray(0, 8), Buffer.from([file.readUInt8(8) ^ 1]), file.subarray(9)])],
  ['cut off', (file: Buffer) => file.subarray(0, 12)],
  ['nothing at all', () => Buffer.alloc(0)],
])('a file that is %s at WhatsApp is refused and nothing of it is kept', async (_, change) => {
  await set({ keepsMedia: false })
  const { id, path } = await say({ image: png })
  media.spoil(path, change)
  await become(id, 'waiting')
  const before = readdirSync(folder)
  expect((await get(id)).status).toBe(502)
  expect(await viewOf(id)).toMatchObject({ state: 'refused', problem: expect.stringContaining('not the file that was sent') })
  expect(readdirSync(folder)).toEqual(before)
})

test('a host that is busy is asked again, over a restart too', async () => {
  media.refuse('download', 503)
  const { id } = await say({ image: png })
  await eventually('it was tried, and tried again', () => triesOf(id) === 3)
  expect((await viewOf(id)).problem).toContain('503')
  await bots.stop()
  media.allow()
  ahead += hour
  bots = await serve()
  await become(id, 'kept')
})

test('the oldest files make room for new ones, and one that is larger than all the room is not fetched', async () => {
  await set({ mediaBudget: 1 })
  const ids: string[] = []
  for (const byte of [1, 2, 3]) {
    const { id } = await say({ document: Buffer.alloc(400_000, byte), mimetype: 'application/x-load', fileName: `load-${byte}` })
    await become(id, 'kept')
    ids.push(id)
  }
  expect(await viewOf(ids[0] ?? '')).toMatchObject({ state: 'waiting', problem: 'It was removed to make room' })
  expect((await viewOf(ids[2] ?? '')).state).toBe('kept')
  const large = await say({ document: Buffer.alloc(1_100_000), mimetype: 'application/x-load', fileName: 'large' })
  await become(large.id, 'refused')
  expect((await get(large.id)).status).toBe(413)
  const kept = (await log()).filter((message: { media: { state: string } | null }) => message.media?.state === 'kept')
  expect(readdirSync(folder)).toHaveLength(kept.length)
})

test('a page that somebody sends is a file and no page, whatever it is called', async () => {
  const page = Buffer.from('<script>alert(1)</script>')
  const said = [
    { document: page, mimetype: 'text/html', fileName: '..\\..//index\u202Elmth.exe' },
    { document: page, mimetype: 'application/pdf', fileName: 'plan.pdf' },
    { document: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), mimetype: 'image/svg+xml', fileName: 'a.svg' },
  ]
  for (const each of said) {
    const { id } = await say(each)
    await become(id, 'kept')
    const { headers } = await get(id)
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.]+";/)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; sandbox")
    expect(headers.get('content-type')).not.toBe('application/pdf')
  }
})

test('kinds that are not wanted stay at WhatsApp, and what may be looked at once stays nowhere', async () => {
  await set({ mediaKinds: ['image'] })
  const voice = await say({ audio: Buffer.from('not a sound'), ptt: true, mimetype: 'audio/ogg; codecs=opus' })
  const once = await say({ image: png, viewOnce: true })
  const picture = await say({ image: png })
  await become(picture.id, 'kept')
  expect((await viewOf(voice.id)).state).toBe('waiting')
  expect(await viewOf(once.id)).toBe(null)
})

test('files go with the message that is deleted for all, with the log, and with the bot', async () => {
  const sent = await ann.socket.sendMessage(jid, { image: png })
  const id = sent?.key.id ?? ''
  await become(id, 'kept')
  const before = readdirSync(folder).length
  await ann.socket.sendMessage(jid, { delete: sent?.key ?? {} })
  await eventually('its file is gone', () => readdirSync(folder).length === before - 1)
  await bots.call('DELETE', `/api/sessions/gate/log?chat=${chat}`)
  expect(readdirSync(folder)).toEqual([])
  const last = await say({ image: png })
  await become(last.id, 'kept')
  expect(readdirSync(folder)).toHaveLength(1)
  await bots.call('DELETE', '/api/sessions/gate')
  expect(readdirSync(folder)).toEqual([])
})

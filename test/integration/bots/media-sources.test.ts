/** What is sent by address and by upload: fetched and taken in before the call is answered, and sealed until it is sent. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { downloadMediaMessage, type WAMessage } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSealer } from '../../../server/secrets/seal.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { eventually } from '../../fixtures/eventually.ts'

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const authorities = getCACertificates()
const sealer = createSealer(randomBytes(32))
const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-sources-'))
let media: MediaServer
let double: WhatsAppDouble
let bots: ServedBots
let ann: Contact
let site: Server
let address: string
/** Paths that were asked for. */
const asked: string[] = []

const serve = async (): Promise<ServedBots> => {
  const served = await serveBots({ double, dataDir, sealer, timing: { backOff: () => 10 } })
  served.context.change({ bots: { pause: 0 }, network: { allowedRanges: ['127.0.0.1/32'] } })
  return served
}

beforeAll(async () => {
  media = new MediaServer()
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  site = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    if (path === '/gate.png') response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(png)
    else if (path.startsWith('/export'))
      response
        .writeHead(200, {
          'content-type': 'text/csv',
          'content-disposition': `attachment; filename="x.csv"; filename*=UTF-8''..%2Fl%C3%A4nge.csv`,
        })
        .end('a,b\n1,2\n')
    else if (path === '/moved') response.writeHead(302, { location: '/gate.png' }).end()
    else if (path === '/inside') response.writeHead(302, { location: 'http://10.0.0.1/secret' }).end()
    else if (path === '/page') response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>no picture</h1>')
    else if (path === '/empty') response.writeHead(200).end()
    else if (path === '/endless') response.writeHead(200, { 'content-length': 3_000_000_000 }).write('a')
    else if (path === '/cut') response.writeHead(200, { 'content-length': 100 }).write('a', () => response.destroy())
    else response.writeHead(path === '/busy' ? 503 : 404).end()
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(site.address() as AddressInfo).port}` // a listening server has one
  double = await WhatsAppDouble.start({ media })
  bots = await serve()
  ann = await connectContact(double, '15550100011', 'Ann')
  await bots.linked('gate', '15550100142')
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
  await double.stop()
  await media.stop()
  site.closeAllConnections()
  site.close()
  setDefaultCACertificates(authorities)
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  expect(double.errors).toEqual([])
})

const send = (body: object, headers = {}) => bots.call('POST', '/api/sessions/gate/messages', { to: ann.number, ...body }, headers)
const status = async (id: string) => (await bots.call('GET', `/api/sessions/gate/messages/${id}`)).body.message
const upload = async (body: Buffer | FormData, query = '', headers: Record<string, string> = {}) => {
  const answer = await fetch(`${bots.url}/api/sessions/gate/uploads${query}`, { method: 'POST', body: body as BodyInit, headers })
  return { status: answer.status, body: await answer.json() }
}
const heard = (id: string): Promise<WAMessage> => ann.message(({ key }) => key.id === id)
const bytesIn = async (message: WAMessage): Promise<Buffer> => downloadMediaMessage(message, 'buffer', {})

test('a picture is sent by its address, also over a redirect, with the type that its bytes have', async () => {
  for (const path of ['/gate.png', '/moved']) {
    const sent = await send({ type: 'image', url: address + path, caption: 'the gate' })
    expect(sent).toMatchObject({ status: 202, body: { message: { kind: 'image' } } })
    const message = await heard(sent.body.message.messageId)
    expect(message.message?.imageMessage).toMatchObject({ mimetype: 'image/png', caption: 'the gate', width: 1, height: 1 })
    expect(await bytesIn(message)).toEqual(png)
  }
})

test('a document takes type and name from its address, unless the call says others', async () => {
  const url = `${address}/export`
  const ids = [await send({ type: 'document', url }), await send({ type: 'document', url, fileName: 'mine.txt', mimetype: 'text/plain' })]
  const [theirs, mine] = await Promise.all(ids.map(({ body }) => heard(body.message.messageId)))
  expect(theirs?.message?.documentMessage).toMatchObject({ mimetype: 'text/csv', fileName: 'länge.csv' })
  expect(mine?.message?.documentMessage).toMatchObject({ mimetype: 'text/plain', fileName: 'mine.txt' })
})

test.each([
  ['/nothing', 400, 'answered 404'],
  ['/busy', 502, 'answered 503'],
  ['/cut', 502, 'could not be fetched'],
  ['/page', 400, 'text/html, which is no image'],
  ['/empty', 400, 'empty'],
  ['/endless', 413, 'more than the'],
  ['/inside', 400, '10.0.0.1:80 may not be reached'],
])('an address that gives %s is refused at once', async (path, wanted, words) => {
  const answer = await send({ type: 'image', url: address + path })
  expect({ status: answer.status, message: answer.body.message }).toEqual({ status: wanted, message: expect.stringContaining(words) })
})

test('a call that says two sources, none, or one that is not there is refused', async () => {
  const data = png.toString('base64')
  expect((await send({ type: 'image' })).body.message).toContain('exactly one of data, url and upload')
  expect((await send({ type: 'image', data, url: `${address}/gate.png` })).status).toBe(400)
  expect((await send({ type: 'document', data })).body.message).toContain('fileName')
  expect(await send({ type: 'image', upload: 'upload_00000000000000000000' })).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('No such upload') },
  })
})

test('a repeated call with the same key fetches and sends once, and another message under it is refused', async () => {
  const call = (more = {}) => send({ type: 'document', url: `${address}/export?once`, ...more }, { 'idempotency-key': 'order-7' })
  const first = await call()
  expect(await call()).toMatchObject({ status: 202, body: { message: { messageId: first.body.message.messageId } } })
  expect((await call({ caption: 'other' })).status).toBe(409)
  expect(asked.filter((path) => path === '/export?once')).toHaveLength(1)
})

test('an upload is sent by its id, once or more, also out of a form', async () => {
  const content = randomBytes(300_000)
  const raw = await upload(content, '?name=..%2Fscan%E2%80%AE.pdf', { 'content-type': 'application/pdf' })
  expect(raw).toMatchObject({ status: 201, body: { upload: { name: 'scan.pdf', mimetype: 'application/pdf', size: 300_000 } } })
  const form = new FormData()
  form.set('note', 'not a file')
  form.set('file', new Blob([content], { type: 'application/zip' }), 'load.zip')
  const formed = await upload(form)
  expect(formed).toMatchObject({ status: 201, body: { upload: { name: 'load.zip', mimetype: 'application/zip', size: 300_000 } } })
  for (const { body } of [raw, formed, formed]) {
    const sent = await send({ type: 'document', upload: body.upload.id })
    expect(sent.status).toBe(202)
    const message = await heard(sent.body.message.messageId)
    expect(message.message?.documentMessage).toMatchObject({ fileName: body.upload.name, mimetype: body.upload.mimetype })
    expect((await bytesIn(message)).equals(content)).toBe(true)
  }
  expect((await upload(Buffer.alloc(0))).body.message).toContain('empty')
})

test('uploads that WhatsApp puts off hold the queue, and nothing is lost', async () => {
  const progress: string[] = []
  const end = bots.room.messages.subscribe('gate', (event) => {
    if (event.type === 'progress') progress.push(`${event.message.kind} ${event.message.status} ${event.message.problem ?? ''}`)
  })
  media.refuse('upload', 429, 2)
  const { body } = await send({ type: 'image', url: `${address}/gate.png` })
  const after = await send({ type: 'text', text: 'after the picture' })
  await heard(after.body.message.messageId)
  // The receiver may have it before the bot has heard so.
  await eventually('the text is sent', () => progress.some((line) => line.startsWith('text sent')))
  end()
  expect(await bytesIn(await heard(body.message.messageId))).toEqual(png)
  expect(progress.filter((line) => line.startsWith('image queued'))).toEqual(
    Array(2).fill('image queued WhatsApp takes no uploads at the moment (429)'),
  )
  // In their order.
  expect(progress.findIndex((line) => line.startsWith('image sent'))).toBeLessThan(
    progress.findIndex((line) => line.startsWith('text sent')),
  )
})

test('what waits with a file has it after a restart, and what nothing waits with goes after its time', async () => {
  const { body } = await upload(png, '?name=gate.png')
  await bots.call('POST', '/v1/bots/gate/stop')
  const sent = await send({ type: 'image', upload: body.upload.id })
  const folder = join(dataDir, 'bots', 'files')
  await bots.stop()
  bots = await serve()
  expect(readdirSync(folder)).toContain(body.upload.id)
  await bots.call('POST', '/v1/bots/gate/start')
  const message = await heard(sent.body.message.messageId)
  expect(await bytesIn(message)).toEqual(png)
  await eventually('it is delivered', async () => (await status(sent.body.message.messageId)).status === 'delivered')
  await bots.stop()
  const later = { ...bots.context.clock, now: () => Date.now() + 25 * 3_600_000 }
  bots = await serveBots({ double, dataDir, sealer, clock: later })
  expect(readdirSync(folder)).toEqual([])
})

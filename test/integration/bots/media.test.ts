/** Pictures, sound and files: sealed and uploaded by the library, fetched and opened by the contact's. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { downloadMediaMessage } from 'baileys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'

/** One pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const authorities = getCACertificates()
let media: MediaServer
let double: WhatsAppDouble
let bots: ServedBots
let ann: Contact

beforeEach(async () => {
  media = new MediaServer()
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  double = await WhatsAppDouble.start({ media })
  bots = await serveBots({ double })
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(double, '15550100011', 'Ann')
  await bots.linked('gate', '15550100142')
})

afterEach(async () => {
  await ann.stop()
  await bots.stop()
  await double.stop()
  await media.stop()
  setDefaultCACertificates(authorities)
  expect(double.errors).toEqual([])
})

const send = (body: object) => bots.call('POST', '/api/sessions/gate/messages', { to: ann.number, ...body })
const status = async (id: string) => (await bots.call('GET', `/api/sessions/gate/messages/${id}`)).body.message

test.each([
  ['image', { data: png, mimetype: 'image/png', caption: 'the gate' }, 'imageMessage', { caption: 'the gate', mimetype: 'image/png' }],
  ['video', { data: Buffer.from('not a film').toString('base64'), caption: 'the yard' }, 'videoMessage', { caption: 'the yard' }],
  ['audio', { data: Buffer.from('not a sound').toString('base64'), voice: true }, 'audioMessage', { ptt: true }],
  [
    'document',
    { data: Buffer.from('a,b\n1,2\n').toString('base64'), mimetype: 'text/csv', fileName: 'orders.csv' },
    'documentMessage',
    { fileName: 'orders.csv', mimetype: 'text/csv' },
  ],
] as const)('%s arrives byte for byte', async (type, content, field, wanted) => {
  const sent = await send({ type, ...content })
  expect(sent).toMatchObject({ status: 202, body: { message: { kind: type } } })
  const heard = await ann.message(({ message }) => message?.[field] != null)
  expect(heard.message?.[field]).toMatchObject(wanted)
  expect((await downloadMediaMessage(heard, 'buffer', {})).toString('base64')).toBe(content.data)
  await expect.poll(async () => (await status(sent.body.message.messageId)).status).toBe('delivered')
})

test('what cannot be uploaded fails with the reason, and the next message goes out', async () => {
  media.isFull = true
  const { messageId } = (await send({ type: 'document', data: 'AAAA', fileName: 'a.bin' })).body.message
  await expect.poll(async () => (await status(messageId)).status).toBe('failed')
  expect((await status(messageId)).problem).toContain('upload')
  await send({ type: 'text', text: 'after all' })
  await ann.message(({ message }) => message?.conversation === 'after all' || message?.extendedTextMessage?.text === 'after all')
})

test('what people send is kept, and told, with what it carries', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  const jid = '15550100142@s.whatsapp.net'
  await ann.socket.sendMessage(jid, { document: Buffer.from('a,b\n'), mimetype: 'text/csv', fileName: 'orders.csv' })
  await ann.socket.sendMessage(jid, { poll: { name: 'When?', values: ['Now', 'Later'], selectableCount: 1 } })
  await ann.socket.sendMessage(jid, { location: { degreesLatitude: 51.5, degreesLongitude: 4, name: 'Gate 2' } })
  await ann.socket.sendMessage(jid, { text: 'and @15550100142', mentions: [jid] })
  const log = async () => (await bots.call('GET', '/api/sessions/gate/log')).body.messages.toReversed()
  await expect.poll(async () => (await log()).length).toBe(4)
  expect(await log()).toMatchObject([
    { kind: 'document', text: 'orders.csv', details: { media: { mimetype: 'text/csv', size: 4, fileName: 'orders.csv' } } },
    { kind: 'poll', text: 'When?', details: { poll: { options: ['Now', 'Later'], selectable: 1 } } },
    { kind: 'location', text: 'Gate 2', details: { location: { latitude: 51.5, longitude: 4, live: false } } },
    { kind: 'text', text: 'and @15550100142', details: { mentions: [jid] } },
  ])
})

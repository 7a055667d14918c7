/** Kinds that carry a file, made into what phones play and show. One room for all; the files lie at the media double. */
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { downloadMediaMessage, normalizeMessageContent, type proto, type WAMessage } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createFfmpeg } from '../../../server/bots/outgoing/ffmpeg.ts'
import { temporaryFolder } from '../../fakes/kernel.ts'
import { serveBots, type Reply, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'

/** One pixel. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const webp = 'UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAwA0JaQAA3AA/vuUAAA='
const film = Buffer.from('not a film').toString('base64')
const path = '/api/sessions/gate'
const authorities = getCACertificates()
let media: MediaServer
let double: WhatsAppDouble
let bots: ServedBots
let ann: Contact

beforeAll(async () => {
  media = new MediaServer()
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  double = await WhatsAppDouble.start({ media })
  bots = await serveBots({ double })
  bots.context.change({ bots: { pause: 0 } })
  ann = await connectContact(double, '15550100011', 'Ann')
  await bots.linked('gate', '15550100142')
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
})

afterAll(async () => {
  await ann.stop()
  await bots.stop()
  await double.stop()
  await media.stop()
  setDefaultCACertificates(authorities)
  expect(double.errors).toEqual([])
})

const send = (body: object): Promise<Reply> => bots.call('POST', `${path}/messages`, { to: ann.number, ...body })
const idOf = ({ status, body }: Reply): string => (status === 202 ? body.message.messageId : expect.fail(JSON.stringify(body)))
const received = async (id: string): Promise<WAMessage> => ann.message(({ key }) => key.id === id)
async function sent(body: object): Promise<{ id: string; whole: WAMessage; message: proto.IMessage }> {
  const id = idOf(await send(body))
  const whole = await received(id)
  return { id, whole, message: normalizeMessageContent(whole.message) ?? {} }
}
const logged = async (id: string) =>
  (await bots.call('GET', `${path}/log?limit=500`)).body.messages.find((each: { id: string }) => each.id === id)

/** Two seconds of a tone that grows, as a recorder without Opus writes it: 8,000 samples a second, 16 bit. */
function wav(): string {
  const samples = 16_000
  const bytes = Buffer.alloc(44 + samples * 2)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + samples * 2, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(8_000, 24)
  bytes.writeUInt32LE(16_000, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(samples * 2, 40)
  for (let at = 0; at < samples; at += 1) bytes.writeInt16LE(Math.round(Math.sin(at / 3) * 20_000 * (at / samples)), 44 + at * 2)
  return bytes.toString('base64')
}

/** A program in the place of ffmpeg. */
function pretend(script: string): string {
  const file = join(temporaryFolder(), 'ffmpeg')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o700)
  return file
}

/** Of Opus in Ogg what says how long it is: the first page with its head, the last with how many samples there were by then. */
function emptyVoice(seconds: number): Buffer {
  const page = (samples: number, content: Buffer): Buffer => {
    const head = Buffer.alloc(27)
    head.write('OggS', 0)
    head.writeBigInt64LE(BigInt(samples), 6)
    return Buffer.concat([head, content])
  }
  const opusHead = Buffer.alloc(19)
  opusHead.write('OpusHead', 0)
  return Buffer.concat([page(0, opusHead), page(seconds * 48_000, Buffer.alloc(8))])
}

/** Set-up installs the real one where it can; elsewhere what we ask of it and do with its answers is shown with one that makes it up. */
function someFfmpeg(): string | null {
  if (createFfmpeg({ path: () => null }).isThere()) return null
  const [voice, samples] = ['voice', 'samples'].map((name) => join(temporaryFolder(), name))
  writeFileSync(String(voice), emptyVoice(2))
  writeFileSync(String(samples), Buffer.from(wav(), 'base64').subarray(44))
  return pretend(`case "$*" in *"-f ogg "*) cat '${voice}';; *"-f s16le "*) cat '${samples}';; *) exit 1;; esac`)
}

test('a recording becomes a voice note with its seconds and its shape', async () => {
  bots.context.change({ bots: { ffmpeg: someFfmpeg() } })
  const { id, whole, message } = await sent({ type: 'audio', voice: true, data: wav() })
  expect(message.audioMessage).toMatchObject({ ptt: true, mimetype: 'audio/ogg; codecs=opus', seconds: 2 })
  const shape = Buffer.from(message.audioMessage?.waveform ?? [])
  expect(shape).toHaveLength(64)
  expect(shape.at(-1)).toBeGreaterThan(shape.at(0) ?? 100)
  const opened = await downloadMediaMessage(whole, 'buffer', {})
  expect(opened.subarray(0, 4).toString()).toBe('OggS')
  await expect.poll(() => logged(id)).toMatchObject({ kind: 'audio', details: { media: { note: true, seconds: 2 } } })
  const again = await sent({ type: 'audio', voice: true, viewOnce: true, data: opened.toString('base64') })
  expect(again.message.audioMessage).toMatchObject({ seconds: 2, viewOnce: true })
  expect((await downloadMediaMessage(again.whole, 'buffer', {})).equals(opened)).toBe(true)
  bots.context.change({ bots: { ffmpeg: null } })
})

test('bytes in base64 go out as what they are, and nothing or another kind than is said is refused', async () => {
  expect((await sent({ type: 'image', data: png })).message.imageMessage?.mimetype).toBe('image/png')
  const pdf = Buffer.from('%PDF-1.4\n1 0 obj').toString('base64')
  expect((await sent({ type: 'document', data: pdf, fileName: 'load.pdf' })).message.documentMessage?.mimetype).toBe('application/pdf')
  for (const body of [
    { type: 'image', data: '' },
    { type: 'image', data: pdf },
    { type: 'image', data: png, mimetype: 'application/pdf' },
  ])
    expect((await send(body)).status, JSON.stringify(body)).toBe(400)
})

test('a voice note goes out under the type that phones play, whatever its source calls it', async () => {
  const ogg = Buffer.concat([Buffer.from('OggS'), Buffer.alloc(24), Buffer.from('OpusHead'), Buffer.alloc(60)]).toString('base64')
  const { message } = await sent({ type: 'audio', voice: true, data: ogg, mimetype: 'audio/ogg' })
  expect(message.audioMessage).toMatchObject({ ptt: true, mimetype: 'audio/ogg; codecs=opus' })
})

test('what other programs take and this one does not is refused with what it takes', async () => {
  for (const [body, words] of [
    [{ type: 'image', data: `data:image/png;base64,${png}` }, /^data: must be base64 alone/],
    [{ type: 'image', data: `${png.slice(0, 76)}\n${png.slice(76)}` }, /^data: must be base64 alone/],
    [{ type: 'image', data: 'A'.repeat(22_500_004) }, /^data: has more than 16 MiB/],
    [{ type: 'image', url: `data:image/png;base64,${png}` }, /^url: must be an address that begins with http/],
    ...[`+${ann.number}`, '1 555 010 0011', '1-555-010-0011', `${ann.number}@c.us`, Number(ann.number)].map(
      (to) => [{ type: 'text', text: 'x', to }, /^to: must be the number with its country code, as text of digits alone/] as const,
    ),
    [{ type: 'text', text: 'x', mentions: [`+${ann.number}`] }, /^mentions: must be .*digits alone/],
    [{ type: 'text', text: 'x', replyTo: { id: `false_${ann.number}@c.us_3EB0AAAA` } }, /^replyTo.id: must be the id of a message/],
  ] as const)
    expect(await send(body), JSON.stringify(body)).toMatchObject({ status: 400, body: { message: expect.stringMatching(words) } })
})

test('where there is no ffmpeg a recording that needs it is refused, and one that does not goes out', async () => {
  bots.context.change({ bots: { ffmpeg: '/nowhere/ffmpeg' } })
  expect(await send({ type: 'audio', voice: true, data: wav() })).toMatchObject({
    status: 409,
    body: { message: expect.stringContaining('/nowhere/ffmpeg') },
  })
  expect((await sent({ type: 'audio', voice: true, data: Buffer.from('not a sound').toString('base64') })).message.audioMessage?.ptt).toBe(
    true,
  )
  expect((await sent({ type: 'audio', data: wav(), mimetype: 'audio/wav' })).message.audioMessage).toMatchObject({
    ptt: false,
    mimetype: 'audio/wav',
  })
  bots.context.change({ bots: { ffmpeg: null } })
})

test.runIf(process.platform !== 'win32')(
  'an ffmpeg that dies or floods refuses the message with its words, one that hangs is ended',
  async () => {
    for (const [script, words] of [
      ['echo "Invalid data" >&2; exit 1', 'Invalid data'],
      ['exec yes', 'too large'],
      ['exit 0', 'ended with 0'],
    ] as const) {
      bots.context.change({ bots: { ffmpeg: pretend(script) } })
      expect(await send({ type: 'audio', voice: true, data: wav() })).toMatchObject({
        status: 400,
        body: { message: expect.stringContaining(words) },
      })
    }
    const hanging = createFfmpeg({ path: () => pretend('exec sleep 1000'), within: 100 })
    await expect(hanging.run(Buffer.from('x'), [], new AbortController().signal)).rejects.toThrow('took too long')
    bots.context.change({ bots: { ffmpeg: null } })
  },
)

test('a video note is round, a moving picture moves, and what may be looked at once says so', async () => {
  const note = await sent({ type: 'video', note: true, data: film })
  expect(note.message.ptvMessage).toMatchObject({ mimetype: 'video/mp4' })
  await expect.poll(() => logged(note.id)).toMatchObject({ kind: 'video', details: { media: { note: true } } })
  expect((await sent({ type: 'video', animated: true, data: film })).message.videoMessage?.gifPlayback).toBe(true)
  const once = await sent({ type: 'image', viewOnce: true, data: png, mimetype: 'image/png' })
  expect(once.message.imageMessage?.viewOnce).toBe(true)
  await expect.poll(() => logged(once.id)).toMatchObject({ details: { viewOnce: true } })
  expect(await send({ type: 'forward', message: once.id })).toMatchObject({ status: 409 })
  expect(await send({ type: 'video', note: true, caption: 'no', data: film })).toMatchObject({ status: 400 })
})

test('a sticker goes out as it is when it is one, and is made of a picture otherwise', async () => {
  const ready = await sent({ type: 'sticker', data: webp })
  expect((await downloadMediaMessage(ready.whole, 'buffer', {})).toString('base64')).toBe(webp)
  const made = await sent({ type: 'sticker', data: png })
  const bytes = await downloadMediaMessage(made.whole, 'buffer', {})
  expect(made.message.stickerMessage).toMatchObject({ mimetype: 'image/webp' })
  expect([bytes.subarray(0, 4), bytes.subarray(8, 12)].map(String)).toEqual(['RIFF', 'WEBP'])
  expect(await send({ type: 'sticker', data: Buffer.from('no picture').toString('base64') })).toMatchObject({ status: 400 })
})

test('what stands under a picture is changed, and the picture stays', async () => {
  const { id, message } = await sent({ type: 'image', data: png, mimetype: 'image/png', caption: 'ramp 2' })
  idOf(await bots.call('PUT', `${path}/messages/${id}`, { text: 'ramp 3' }))
  const updates = await ann.event('messages.update', (all) =>
    all.some(({ key, update }) => key.id === id && update.message?.editedMessage != null),
  )
  const edited = updates.find(({ key }) => key.id === id)?.update.message?.editedMessage?.message?.imageMessage
  expect(edited).toMatchObject({ caption: 'ramp 3', directPath: message.imageMessage?.directPath })
  const sticker = await sent({ type: 'sticker', data: webp })
  expect(await bots.call('PUT', `${path}/messages/${sticker.id}`, { text: 'words' })).toMatchObject({ status: 409 })
})

test('a file that is passed on is not uploaded again', async () => {
  const { id, message } = await sent({ type: 'document', fileName: 'orders.csv', data: Buffer.from('a,b\n').toString('base64') })
  const passed = await sent({ type: 'forward', message: id })
  expect(passed.message.documentMessage).toMatchObject({ fileName: 'orders.csv', directPath: message.documentMessage?.directPath })
  expect((await downloadMediaMessage(passed.whole, 'buffer', {})).toString()).toBe('a,b\n')
})

test('a picture that came in is passed on where it lies, marked, with its words', async () => {
  const asked = await ann.socket.sendMessage('15550100142@s.whatsapp.net', { image: Buffer.from(png, 'base64'), caption: 'the load' })
  const id = asked?.key.id ?? ''
  await expect.poll(() => logged(id)).toMatchObject({ kind: 'image' })
  const passed = await sent({ type: 'forward', message: id })
  expect(passed.message.imageMessage).toMatchObject({
    caption: 'the load',
    directPath: asked?.message?.imageMessage?.directPath,
    contextInfo: { isForwarded: true, forwardingScore: 1 },
  })
  // At the double the file is not on WhatsApp's own host.
  const there = {
    ...passed.whole,
    message: { imageMessage: { ...passed.message.imageMessage, url: asked?.message?.imageMessage?.url ?? null } },
  }
  expect((await downloadMediaMessage(there, 'buffer', {})).toString('base64')).toBe(png)
})

/** What people send over the double: how each kind arrives at an unmodified library client. */
import { createHash } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { decryptPollVote, normalizeMessageContent, proto, type AnyMessageContent, type WAMessage } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { kinds } from '../../fakes/whatsapp/kinds.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { vote } from '../../fakes/whatsapp/polls.ts'

const authorities = getCACertificates()
const media = new MediaServer()
let double: WhatsAppDouble
let ann: Contact
let bob: Contact
let chat: string

beforeAll(async () => {
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  double = await WhatsAppDouble.start({ media })
  ;[ann, bob] = await Promise.all([connectContact(double, '15550100011', 'Ann'), connectContact(double, '15550100012', 'Bob')])
  chat = `${bob.number}@s.whatsapp.net`
})

afterAll(async () => {
  await Promise.all([ann.stop(), bob.stop()])
  await double.stop()
  await media.stop()
  setDefaultCACertificates(authorities)
  expect(double.errors).toEqual([])
})

const heard = (id: string | null | undefined) => bob.message(({ key }) => key.id === id && key.fromMe !== true)
const send = async (content: AnyMessageContent): Promise<WAMessage> => {
  const sent = await ann.socket.sendMessage(chat, content)
  return sent ?? expect.fail('not sent')
}

test.each(Object.entries(kinds))('%s arrives as it was sent', async (_kind, content: proto.IMessage) => {
  const id = await ann.socket.relayMessage(chat, content, {})
  expect(proto.Message.fromObject((await heard(id)).message ?? {}).toJSON()).toMatchObject(proto.Message.fromObject(content).toJSON())
})

const file = Buffer.from('not a film')
const contents: readonly (readonly [string, AnyMessageContent, string, object])[] = [
  ['a video note', { video: file, ptv: true, jpegThumbnail: '' }, 'ptvMessage', { mediaKey: expect.any(Uint8Array) }],
  ['a voice note', { audio: file, ptt: true, seconds: 3, mimetype: 'audio/ogg; codecs=opus' }, 'audioMessage', { ptt: true, seconds: 3 }],
  ['a sticker', { sticker: file, mimetype: 'image/webp' }, 'stickerMessage', { mimetype: 'image/webp' }],
  [
    'a mention',
    { text: 'see @15550100012', mentions: ['15550100012@s.whatsapp.net'] },
    'extendedTextMessage',
    { contextInfo: { mentionedJid: ['15550100012@s.whatsapp.net'] } },
  ],
  ['a place', { location: { degreesLatitude: 52.5, degreesLongitude: 13.4, name: 'Yard' } }, 'locationMessage', { name: 'Yard' }],
  [
    'two contacts',
    {
      contacts: {
        displayName: '2',
        contacts: [
          { displayName: 'A', vcard: 'BEGIN:VCARD' },
          { displayName: 'B', vcard: 'BEGIN:VCARD' },
        ],
      },
    },
    'contactsArrayMessage',
    { contacts: [{ displayName: 'A' }, { displayName: 'B' }] },
  ],
]

test.each(contents)('%s arrives as the library sends it', async (_what, content, field, wanted) => {
  const { message } = await heard((await send(content)).key.id)
  expect(Reflect.get(message ?? {}, field)).toMatchObject(wanted)
})

test('what is viewed once comes wrapped, or without its content to a device that is no phone', async () => {
  const open = await heard((await send({ image: file, jpegThumbnail: '', viewOnce: true })).key.id)
  expect(open.message?.viewOnceMessage?.message?.imageMessage?.mediaKey).toBeInstanceOf(Uint8Array)
  double.deliveries.withhold(bob.number, 'view_once')
  const withheld = await heard((await send({ image: file, jpegThumbnail: '', viewOnce: true })).key.id)
  expect([withheld.key.isViewOnce, withheld.message ?? null]).toEqual([true, null])
})

test('an album announces its pictures, each of which names it', async () => {
  const album = await send({ album: { expectedImageCount: 1, expectedVideoCount: 0 } })
  const picture = await send({ image: file, jpegThumbnail: '', albumParentKey: album.key })
  expect((await heard(album.key.id)).message?.albumMessage).toMatchObject({ expectedImageCount: 1 })
  expect((await heard(picture.key.id)).message?.messageContextInfo?.messageAssociation?.parentMessageKey?.id).toBe(album.key.id)
})

test('what is forwarded says how often', async () => {
  const first = await heard((await send({ text: 'pass it on' })).key.id)
  const { message } = await heard((await send({ forward: first })).key.id)
  expect(message?.extendedTextMessage?.contextInfo).toMatchObject({ isForwarded: true, forwardingScore: 1 })
})

test('an edit and a deletion name the message that they change', async () => {
  const sent = await send({ text: 'at nine' })
  await heard(sent.key.id)
  const edit = await send({ text: 'at ten', edit: sent.key })
  expect((await heard(edit.key.id)).message?.protocolMessage?.key?.id).toBe(sent.key.id)
  const edited = (await bob.event('messages.update', ([each]) => each?.update.message?.editedMessage != null)).find(
    ({ key }) => key.id === sent.key.id,
  )
  expect(edited?.update.message?.editedMessage?.message?.extendedTextMessage?.text).toBe('at ten')
  await send({ delete: sent.key })
  const revoked = await bob.event('messages.update', (updates) =>
    updates.some(({ update }) => update.messageStubType === proto.WebMessageInfo.StubType.REVOKE),
  )
  expect(revoked).toMatchObject([{ key: { id: sent.key.id }, update: { message: null } }])
  const edits = [...double.account(bob.number).devices.values()][0]?.connection?.sent.flatMap(({ attrs }) => attrs['edit'] ?? [])
  expect(edits).toEqual(['1', '7'])
})

test('a vote is sealed under the secret of its poll, and its creator reads it', async () => {
  const poll = await bob.socket.sendMessage(`${ann.number}@s.whatsapp.net`, {
    poll: { name: 'When?', values: ['nine', 'ten'], selectableCount: 1 },
  })
  const asked = await ann.message(({ key }) => key.id === poll?.key.id)
  const { messageSecret } = asked.message?.messageContextInfo ?? {}
  expect(normalizeMessageContent(asked.message)?.pollCreationMessageV3?.options?.map(({ optionName }) => optionName)).toEqual([
    'nine',
    'ten',
  ])
  const names = { creator: chat, voter: `${ann.number}@s.whatsapp.net` }
  const id = await vote(ann, messageSecret ?? new Uint8Array(), { poll: asked, options: ['ten'], ...names })
  const { message } = await heard(id)
  const cast = decryptPollVote(message?.pollUpdateMessage?.vote ?? {}, {
    pollEncKey: poll?.message?.messageContextInfo?.messageSecret ?? new Uint8Array(),
    pollMsgId: poll?.key.id ?? '',
    pollCreatorJid: names.creator,
    voterJid: names.voter,
  })
  expect(cast.selectedOptions?.map((each) => Buffer.from(each))).toEqual([createHash('sha256').update('ten').digest()])
})

test('a status and a message from a broadcast list name who wrote beside where it was written', async () => {
  const status = await ann.socket.sendMessage('status@broadcast', { text: 'open today' }, { statusJidList: [chat] })
  expect((await heard(status?.key.id)).key).toMatchObject({ remoteJid: 'status@broadcast', participant: `${ann.number}@s.whatsapp.net` })
  double.deliveries.asBroadcast(bob.number, '1700000000@broadcast')
  const told = await heard((await send({ text: 'to all customers' })).key.id)
  expect([told.key.remoteJid, told.key.participant, told.broadcast]).toEqual(['1700000000@broadcast', `${ann.number}@s.whatsapp.net`, true])
})

test('a channel is found, followed, posted to and read, and tells of reactions and its name', async () => {
  const { id, invite } = double.channels.add({ id: '120363900000000001@newsletter', name: 'Yard news', owner: ann.number })
  expect(await bob.socket.newsletterMetadata('invite', invite)).toMatchObject({ id, thread_metadata: { name: { text: 'Yard news' } } })
  await bob.socket.newsletterFollow(id)
  const post = await ann.socket.sendMessage(id, { text: 'ramp 2 is closed' })
  const read = await heard(post?.key.id)
  expect([textOf(read), read.key.remoteJid]).toEqual(['ramp 2 is closed', id])
  double.channels.post(id, { conversation: 'and open again' })
  await bob.message((message) => textOf(message) === 'and open again')
  double.channels.tell(id, '101', { reaction: '👍' })
  expect(await bob.event('newsletter.reaction')).toMatchObject({ id, server_id: '101', reaction: { code: '👍' } })
  double.channels.rename(id, 'Yard 4 news')
  expect(await bob.event('newsletter-settings.update')).toMatchObject({ id, update: { name: 'Yard 4 news' } })
})

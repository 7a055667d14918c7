/** What a phone does for its linked devices, over the double: history, the chats' settings, files and texts asked for once more. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { downloadMediaMessage, proto, type WAMessage } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { connectPhone, type Phone } from '../../fakes/whatsapp/phone.ts'

const bobNumber = '15550100012'
const annChat = '15550100011@s.whatsapp.net'
const bobChat = `${bobNumber}@s.whatsapp.net`
const authorities = getCACertificates()
const media = new MediaServer()
let double: WhatsAppDouble
let phone: Phone
let ann: Contact
let bob: Contact
let standDown: () => void

beforeAll(async () => {
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  standDown = await media.standIn()
  double = await WhatsAppDouble.start({ media })
  // The first linked device of the number is 1.
  bob = await connectContact(double, bobNumber, 'Bob')
  ;[phone, ann] = await Promise.all([connectPhone(double, media, bobNumber), connectContact(double, '15550100011', 'Ann')])
})

afterAll(async () => {
  await Promise.all([ann.stop(), bob.stop(), phone.stop()])
  await double.stop()
  await media.stop()
  standDown()
  setDefaultCACertificates(authorities)
  expect(double.errors).toEqual([])
})

const older = (id: string, text: string): proto.IWebMessageInfo => ({
  key: { remoteJid: annChat, id, fromMe: false },
  message: { conversation: text },
  messageTimestamp: 1_700_000_000,
})

test('a message to the number reaches the phone and the linked device, and what one of them writes reaches the other', async () => {
  const sent = await ann.socket.sendMessage(bobChat, { text: 'to both' })
  await Promise.all([phone.message(({ key }) => key.id === sent?.key.id), bob.message(({ key }) => key.id === sent?.key.id)])
  const own = await phone.socket.sendMessage(annChat, { text: 'from the phone' })
  const seen = await bob.message(({ key }) => key.id === own?.key.id)
  expect([seen.key.fromMe, seen.key.remoteJid, textOf(seen)]).toEqual([true, annChat, 'from the phone'])
})

test.each([
  ['fetched from where the phone has put it', false, '15550100021@s.whatsapp.net'],
  ['within its announcement', true, '15550100022@s.whatsapp.net'],
])('history is %s, with chats, messages and the pairs of ids', async (_where, inline, chat) => {
  const id = inline ? 'OLD-INLINE' : 'OLD-FETCHED'
  await phone.sendHistory(
    {
      syncType: proto.HistorySync.HistorySyncType.INITIAL_BOOTSTRAP,
      conversations: [{ id: chat, name: 'Ann of Yard 4', unreadCount: 2, messages: [{ message: older(id, 'before you came') }] }],
      phoneNumberToLidMappings: [{ pnJid: '15550100013@s.whatsapp.net', lidJid: '9000015550100013@lid' }],
    },
    { inline },
  )
  const history = await bob.event('messaging-history.set', ({ messages }) => messages.some(({ key }) => key.id === id))
  expect(history).toMatchObject({ chats: [{ id: chat, unreadCount: 2 }], contacts: [{ name: 'Ann of Yard 4' }] })
  expect(await bob.socket.signalRepository.lidMapping.getLIDForPN('15550100013@s.whatsapp.net')).toBe('9000015550100013@lid')
})

test('a linked device asks the phone for older messages of a chat', async () => {
  phone.older = ({ chatJid, oldestMsgId, onDemandMsgCount }) => ({
    syncType: proto.HistorySync.HistorySyncType.ON_DEMAND,
    conversations: [{ id: chatJid ?? '', messages: [{ message: older(`${onDemandMsgCount} before ${oldestMsgId}`, 'older still') }] }],
  })
  const request = await bob.socket.fetchMessageHistory(5, { remoteJid: annChat, id: 'OLD-INLINE', fromMe: false }, 1_700_000_000_000)
  const history = await bob.event('messaging-history.set', ({ syncType }) => syncType === proto.HistorySync.HistorySyncType.ON_DEMAND)
  expect(history.messages.map(({ key }) => key.id)).toEqual(['5 before OLD-INLINE'])
  expect(history.peerDataRequestSessionId).toBe(request)
})

test('what the person does to chats on the phone comes in sealed patches, which the device reads once it has the keys', async () => {
  const last: WAMessage[] = [{ key: { remoteJid: annChat, id: 'OLD-INLINE', fromMe: false }, messageTimestamp: 1_700_000_000 }]
  await phone.socket.chatModify({ archive: true, lastMessages: last }, annChat)
  await phone.shareKeys()
  await bob.event('chats.update', (chats) => chats.some(({ id, archived }) => id === annChat && archived === true))
  await phone.socket.chatModify({ pin: true }, annChat)
  await bob.event('chats.update', (chats) => chats.some(({ pinned }) => Number(pinned) > 0))
  await phone.socket.chatModify({ mute: 1_900_000_000_000 }, annChat)
  await bob.event('chats.update', (chats) => chats.some(({ muteEndTime }) => Number(muteEndTime) === 1_900_000_000_000))
  await phone.socket.chatModify({ markRead: false, lastMessages: last }, annChat)
  await bob.event('chats.update', (chats) => chats.some(({ unreadCount }) => unreadCount === -1))
  await phone.socket.addLabel('', { id: '7', name: 'Urgent', color: 2, deleted: false })
  expect(await bob.event('labels.edit')).toMatchObject({ id: '7', name: 'Urgent' })
  await phone.socket.addChatLabel(annChat, '7')
  expect(await bob.event('labels.association')).toMatchObject({ type: 'add', association: { chatId: annChat, labelId: '7' } })
  await phone.socket.addOrEditContact(annChat, { fullName: 'Ann of Yard 4', firstName: 'Ann' })
  expect(await bob.event('contacts.upsert')).toMatchObject([{ id: annChat, name: 'Ann of Yard 4' }])
  // And the other way.
  await bob.socket.chatModify({ archive: false, lastMessages: last }, annChat)
  await phone.event('chats.update', (chats) => chats.some(({ archived }) => archived === false))
})

test('a message that comes without its content is asked of the phone, and comes from there', async () => {
  double.deliveries.withhold(bobNumber)
  const sent = await ann.socket.sendMessage(bobChat, { text: 'is this still to be had?' })
  const stub = await bob.message(({ key }) => key.id === sent?.key.id)
  expect(stub.messageStubParameters?.[0]).toBe('Message absent from node')
  await bob.message((message) => message.key.id === sent?.key.id && textOf(message) === 'is this still to be had?')
})

test('too many downloads or uploads are refused, and a file that has run out is put up again by the phone', async () => {
  media.refuse('upload', 429, 1)
  await expect(ann.socket.sendMessage(bobChat, { document: Buffer.from('a'), mimetype: 'text/plain' })).rejects.toThrow('upload failed')
  const file = Buffer.from('a,b\n1,2\n')
  const sent = await ann.socket.sendMessage(bobChat, { document: file, mimetype: 'text/csv', fileName: 'orders.csv' })
  const [heard] = await Promise.all([
    bob.message(({ key }) => key.id === sent?.key.id),
    phone.message(({ key }) => key.id === sent?.key.id),
  ])
  const fetched = (message: WAMessage) => downloadMediaMessage(message, 'buffer', {})
  media.refuse('download', 429, 1)
  await expect(fetched(heard)).rejects.toMatchObject({ output: { statusCode: 429 } })
  for (const status of [404, 410] as const) {
    media.expire(heard.message?.documentMessage?.directPath ?? '', status)
    await expect(fetched(heard)).rejects.toMatchObject({ output: { statusCode: status } })
    expect(await fetched(await bob.socket.updateMediaMessage(heard))).toEqual(file)
  }
  await expect(bob.socket.updateMediaMessage({ ...heard, key: { ...heard.key, id: 'NOWHERE' } })).rejects.toMatchObject({
    output: { statusCode: 404 },
  })
})

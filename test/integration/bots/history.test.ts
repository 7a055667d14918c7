/** Messages from before a bot was linked: those the phone hands over, and those it is asked for. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { proto } from 'baileys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import type { BotEvent } from '../../../server/bots/contract/index.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { connectContact, type Contact } from '../../fakes/whatsapp/contact.ts'
import { MediaServer } from '../../fakes/whatsapp/media.ts'
import { connectPhone, type Phone } from '../../fakes/whatsapp/phone.ts'
import { eventually } from '../../fixtures/eventually.ts'

const number = '15550100142'
const annChat = '15550100011@s.whatsapp.net'
const at = '/api/sessions/gate'
const { RECENT, FULL, INITIAL_BOOTSTRAP } = proto.HistorySync.HistorySyncType
const now = Math.floor(Date.now() / 1_000)
const authorities = getCACertificates()
const media = new MediaServer()
let standDown: () => void
let bots: ServedBots
let ann: Contact
let phone: Phone
let socket: WebSocket
const events: BotEvent[] = []

beforeAll(async () => {
  bots = await serveBots()
  ann = await connectContact(bots.double, '15550100011', 'Ann')
  await media.start()
  setDefaultCACertificates([...authorities, media.certificate.cert])
  standDown = await media.standIn()
  phone = await connectPhone(bots.double, media, number)
  await bots.linked('gate', number)
  socket = new WebSocket(`${bots.url.replace('http', 'ws')}${at}/events`)
  socket.on('message', (data) => events.push(JSON.parse(String(data)) as BotEvent)) // the room wrote it
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
})

afterAll(async () => {
  socket.close()
  await ann.stop()
  await phone.stop()
  await bots.stop()
  standDown()
  await media.stop()
  setDefaultCACertificates(authorities)
  expect(bots.double.errors).toEqual([])
})

const old = (id: string, ago: number, chat = annChat): proto.IHistorySyncMsg => ({
  message: { key: { remoteJid: chat, id, fromMe: false }, message: { conversation: `text ${id}` }, messageTimestamp: now - ago },
})
const told = () => events.flatMap((event) => (event.type === 'history' ? [event] : []))
const log = async (query = '') => (await bots.call('GET', `${at}/log?chat=${annChat}${query}`)).body
const texts = async () => (await log()).messages.map(({ text }: { text: string }) => text)

test('without being wanted no message of a history is kept, names and pairs of ids are', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  await phone.sendHistory(
    {
      syncType: INITIAL_BOOTSTRAP,
      conversations: [{ id: annChat, name: 'Ann of Yard 4', messages: [old('UNWANTED', 60)] }],
      pushnames: [{ id: '15550100055@s.whatsapp.net', pushname: 'Pat' }],
      phoneNumberToLidMappings: [{ pnJid: '15550100055@s.whatsapp.net', lidJid: '9000015550100055@lid' }],
    },
    { inline: true },
  )
  const contacts = async (search: string) => (await bots.call('GET', `${at}/contacts?search=${search}`)).body.contacts
  await eventually('Ann has a name', async () => (await contacts('yard'))[0]?.id === annChat)
  await eventually('Pat has a name', async () => (await contacts('pat'))[0]?.phoneNumber === '15550100055')
  expect((await bots.call('GET', `${at}/people/9000015550100055@lid`)).body.person).toMatchObject({ phoneNumber: '15550100055' })
  expect(await texts()).toEqual([])
  expect(told()).toEqual([])
})

test('a part that WhatsApp does not give at first is fetched again, since the phone hands it over once', async () => {
  media.refuse('download', 503, 1)
  await phone.sendHistory({ syncType: INITIAL_BOOTSTRAP, pushnames: [{ id: '15550100056@s.whatsapp.net', pushname: 'Quinn' }] })
  const named = async () => (await bots.call('GET', `${at}/contacts?search=quinn`)).body.contacts
  await eventually('Quinn has a name', async () => (await named())[0]?.phoneNumber === '15550100056')
})

test('what is wanted of a history is in the log before all else, is no news, and stays within its bounds', async () => {
  await bots.call('PATCH', '/v1/bots/gate', { history: { days: 10, messages: 4 } })
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'live' })
  await eventually('the live one is there', async () => (await texts()).length === 1)
  await phone.sendHistory(
    { syncType: RECENT, conversations: [{ id: annChat, messages: [old('ONE', 10), old('TWO', 20), old('ANCIENT', 11 * 86_400)] }] },
    { inline: true },
  )
  await eventually('it is told', () => told().length === 1)
  const more = Array.from({ length: 5 }, (_, place) => old(`MORE${place}`, 100 + place))
  await phone.sendHistory({ syncType: FULL, conversations: [{ id: annChat, messages: more }] }, { inline: true })
  await eventually('the rest is told', () => told().length === 2)
  expect(told()).toMatchObject([
    { came: 2, kept: 2, chat: null, asked: false },
    { came: 2, kept: 2 },
  ])
  expect(await texts()).toEqual(['live', 'text ONE', 'text TWO', 'text MORE0', 'text MORE1'])
  const page = await log('&limit=2')
  expect((await log(`&limit=2&before=${page.next}`)).messages).toMatchObject([{ text: 'text TWO' }, { text: 'text MORE0' }])
  expect((await bots.call('GET', `${at}/chats`)).body.chats).toMatchObject([
    { chat: annChat, name: 'Ann of Yard 4', unread: 1, last: { text: 'live' } },
  ])
  expect(events.flatMap((event) => (event.type === 'message' ? [event.message.text] : []))).toEqual(['live'])
})

test('the phone is asked for older messages of a chat, and the same ones again are not new', async () => {
  phone.inline = true
  phone.older = ({ oldestMsgId }) => ({
    conversations: [{ id: annChat, messages: [old(`BEFORE-${oldestMsgId}`, 200), old('MORE1', 101)] }],
  })
  expect(await bots.call('POST', `${at}/chats/${ann.number}/older`, { count: 2 })).toMatchObject({ status: 200, body: { kept: 1 } })
  expect((await texts()).at(-1)).toBe('text BEFORE-MORE1')
  // On a way of its own.
  await eventually('it is told', () => told().length === 3)
  expect(told().at(-1)).toMatchObject({ chat: annChat, came: 2, kept: 1, asked: true })
  expect(await bots.call('POST', `${at}/chats/15550100099/older`, {})).toMatchObject({ status: 409 })
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: false })
  expect(await bots.call('POST', `${at}/chats/${ann.number}/older`, {})).toMatchObject({ status: 409 })
})

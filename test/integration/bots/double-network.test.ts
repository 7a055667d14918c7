/** The double's manners on the way: what an unmodified library client makes of each. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectContact, logIn, memoryAuth, shouldSyncHistoryMessage, silent, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { makeWASocket, proto, type WASocket } from 'baileys'

const group = '120363000000000001@g.us'
let double: WhatsAppDouble
let ann: Contact
let bob: Contact

beforeAll(async () => {
  double = await WhatsAppDouble.start()
  ;[ann, bob] = await Promise.all([connectContact(double, '15550100011', 'Ann'), connectContact(double, '15550100012', 'Bob')])
})

afterAll(async () => {
  await Promise.all([ann.stop(), bob.stop()])
  await double.stop()
  expect(double.errors).toEqual([])
})

const chatOf = (contact: Contact): string => `${contact.number}@s.whatsapp.net`
const toBob = (text: string) => ann.socket.sendMessage(chatOf(bob), { text })
const heardBy = (contact: Contact, text: string) => contact.message((message) => textOf(message) === text && message.key.fromMe !== true)
const received = (contact: Contact) => [...double.account(contact.number).devices.values()][0]?.connection?.received ?? []

test.each([400, 463, 479, 503])('an acknowledgement with error %i is an update of the message, which reached nobody', async (code) => {
  double.acks.refuse(code, 1)
  const sent = await toBob(`refused ${code}`)
  // Within a moment it is folded into the message's own event.
  const folded = () => ann.messages.find(({ key, status }) => key.id === sent?.key.id && status === proto.WebMessageInfo.Status.ERROR)
  const [update] = await Promise.race([
    ann
      .event('messages.update', (updates) => updates.some(({ key }) => key.id === sent?.key.id))
      .then((updates) => updates.map((each) => each.update)),
    expect
      .poll(folded)
      .toBeTruthy()
      .then(() => [folded()]),
  ])
  expect(update).toMatchObject({ status: proto.WebMessageInfo.Status.ERROR, messageStubParameters: expect.arrayContaining([String(code)]) })
  expect(bob.messages.map(textOf)).not.toContain(`refused ${code}`)
})

test('a message whose acknowledgement is lost has arrived, and comes twice when it is sent again', async () => {
  double.acks.lose(1)
  const sent = await toBob('lost ack')
  await heardBy(bob, 'lost ack')
  await ann.socket.sendMessage(chatOf(bob), { text: 'lost ack' }, { messageId: sent?.key.id ?? '' })
  await expect
    .poll(() => bob.messages.filter((message) => textOf(message) === 'lost ack').map(({ key }) => key.id))
    .toEqual([sent?.key.id, sent?.key.id])
})

test('too many look-ups, of numbers, groups and places for media, are refused with 429', async () => {
  double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, bob.number] })
  for (const lookup of ['numbers', 'groups', 'media'] as const) double.lookups.refuse(lookup, 1)
  await expect(ann.socket.onWhatsApp('15550100013')).rejects.toMatchObject({ data: 429 })
  await expect(ann.socket.groupMetadata(group)).rejects.toMatchObject({ data: 429 })
  await expect(ann.socket.refreshMediaConn(true)).rejects.toMatchObject({ data: 429 })
  expect(await ann.socket.onWhatsApp('15550100013')).toMatchObject([{ exists: true }])
})

test('an account goes by another number than the one that was asked about', async () => {
  double.lookups.canonical('5511987654321', '551187654321')
  double.lookups.canonical('525512345678', '5215512345678')
  const [brazil] = (await ann.socket.onWhatsApp('5511987654321')) ?? []
  const [mexico] = (await ann.socket.onWhatsApp('525512345678')) ?? []
  expect([brazil, mexico]).toEqual([
    { jid: '551187654321@s.whatsapp.net', exists: true },
    { jid: '5215512345678@s.whatsapp.net', exists: true },
  ])
})

test.each([
  ['number', { remoteJid: '15550100011@s.whatsapp.net', remoteJidAlt: '9000015550100011:1@lid' }],
  ['hidden-with-number', { remoteJid: '9000015550100011@lid', remoteJidAlt: '15550100011:1@s.whatsapp.net' }],
  ['hidden-alone', { remoteJid: '9000015550100011@lid', remoteJidAlt: undefined }],
] as const)('who writes is named by %s', async (senders, key) => {
  double.accounts.senders = senders
  await toBob(`as ${senders}`)
  const heard = await heardBy(bob, `as ${senders}`)
  double.accounts.senders = 'number'
  expect(heard.key).toMatchObject(key)
})

test.each([
  ['with-number', '15550100011:1@s.whatsapp.net'],
  ['alone', undefined],
] as const)('a group names its members by hidden ids, the number %s', async (hides, participantAlt) => {
  const id = `12036300000000001${hides.length}@g.us`
  double.addGroup({ id, subject: 'Hidden', owner: ann.number, members: [ann.number, bob.number], hides })
  await ann.socket.sendMessage(id, { text: `hides ${hides}` })
  const { key } = await heardBy(bob, `hides ${hides}`)
  expect(key).toMatchObject({ remoteJid: id, participant: '9000015550100011@lid' })
  expect(key.participantAlt).toBe(participantAlt)
  const { participants, addressingMode } = await bob.socket.groupMetadata(id)
  expect(addressingMode).toBe('lid')
  expect(participants.map(({ phoneNumber }) => phoneNumber)).toEqual(
    hides === 'alone' ? [undefined, undefined] : [chatOf(ann), chatOf(bob)],
  )
})

test('a message that cannot be decrypted is a stub first, and comes again with its text under the same id', async () => {
  double.deliveries.garble(bob.number)
  const sent = await toBob('at the second try')
  await heardBy(bob, 'at the second try')
  const both = bob.messages.filter(({ key }) => key.id === sent?.key.id)
  expect(both.map((message) => [message.messageStubType ?? null, textOf(message)])).toEqual([
    [proto.WebMessageInfo.StubType.CIPHERTEXT, null],
    [null, 'at the second try'],
  ])
})

test('the same message once more is not told again', async () => {
  const sent = await toBob('only once')
  await heardBy(bob, 'only once')
  double.deliveries.again(double.account(bob.number), sent?.key.id ?? '')
  await toBob('after it')
  await heardBy(bob, 'after it')
  expect(bob.messages.filter(({ key }) => key.id === sent?.key.id)).toHaveLength(1)
  await expect
    .poll(() => received(bob).filter(({ tag, attrs }) => tag === 'ack' && attrs['id'] === sent?.key.id))
    .toMatchObject([{ attrs: { error: '487' } }])
})

test('frames that are cut at any byte are read', async () => {
  double.cutFrames(1)
  await toBob('byte by byte')
  await heardBy(bob, 'byte by byte')
  double.cutFrames(7)
  await toBob('in sevens')
  await heardBy(bob, 'in sevens')
  double.cutFrames(0)
})

test('a backlog is announced, asked for, and told when the server says that it ends; what was acknowledged does not come again', async () => {
  const waiting = () =>
    double
      .account(bob.number)
      .devices.get(1)
      ?.waiting.filter(({ tag }) => tag === 'message')
  await bob.stop()
  await expect.poll(() => double.account(bob.number).devices.get(1)?.connection).toBe(null)
  await toBob('while away')
  await expect.poll(waiting).toHaveLength(1)
  double.backlog.isPreviewed = true
  double.backlog.ending = 'when-told'
  bob = await logIn(double, bob.number, bob.auth)
  await expect.poll(waiting).toEqual([])
  expect(received(bob).some(({ tag, content }) => tag === 'ib' && Array.isArray(content) && content[0]?.tag === 'offline_batch')).toBe(true)
  expect(bob.messages).toEqual([])
  double.backlog.end(bob.number)
  await heardBy(bob, 'while away')
  double.backlog.isPreviewed = false
  double.backlog.ending = 'at-once'
  await bob.stop()
  bob = await logIn(double, bob.number, bob.auth)
  await toBob('back again')
  await heardBy(bob, 'back again')
  expect(bob.messages.map(textOf)).not.toContain('while away')
})

function client(auth = memoryAuth()): WASocket {
  return makeWASocket({ waWebSocketUrl: double.url, auth, logger: silent, shouldSyncHistoryMessage })
}

interface Ending {
  code: number | undefined
  data: unknown
}

const ending = (socket: WASocket): Promise<Ending> =>
  new Promise((resolve) =>
    socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
      // The library closes with a Boom.
      const error = lastDisconnect?.error as { output?: { statusCode?: number }; data?: unknown } | undefined
      if (connection === 'close') resolve({ code: error?.output?.statusCode, data: error?.data })
    }),
  )

test('a login ends with the code that the server gives, and with the end of a ban beside it', async () => {
  await bob.stop()
  for (const reason of [402, 403, 405, 406, 503]) {
    double.logins.refuse(reason, reason === 402 ? { times: 1, code: 101, expire: 3_600 } : { times: 1 })
    const { code, data } = await ending(client(bob.auth))
    expect(code).toBe(reason)
    if (reason === 402) expect(data).toMatchObject({ reason: '402', code: '101', expire: '3600' })
  }
  double.logins.restart(2)
  expect((await ending(client(bob.auth))).code).toBe(515)
  expect((await ending(client(bob.auth))).code).toBe(515)
  bob = await logIn(double, bob.number, bob.auth)
})

test('a QR code that the server has retired links nothing, and the library goes on showing it', async () => {
  const socket = client()
  const qr = await new Promise<string>((resolve) =>
    socket.ev.on('connection.update', (update) => update.qr !== undefined && resolve(update.qr)),
  )
  const told = new Promise((resolve) => socket.ws.on('CB:notification,type:companion_reg_refresh', resolve))
  double.pairing.retire(qr)
  await told
  expect(await double.scanQr('15550100019', qr)).toBe('retired-code')
  await socket.end(undefined)
})

test('a code that the server has retired is told on the raw socket alone', async () => {
  const socket = client()
  await new Promise<void>((resolve) => socket.ev.on('connection.update', ({ qr }) => qr !== undefined && resolve()))
  await socket.requestPairingCode('15550100019')
  await expect.poll(() => double.pairing.waitingNumbers()).toContain('15550100019')
  const told = new Promise((resolve) => socket.ws.on('CB:notification,type:link_code_companion_reg', resolve))
  double.pairing.retireCode('15550100019')
  expect(await told).toMatchObject({ content: [{ attrs: { stage: 'refresh_code', force_manual_refresh: 'true' } }] })
  await socket.end(undefined)
})

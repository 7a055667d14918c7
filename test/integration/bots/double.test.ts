/** The protocol double against the unmodified library: what the room's own tests stand on. */
import { makeWASocket, type AuthenticationCreds, type SignalKeyStore, type WASocket } from 'baileys'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectContact, memoryAuth, shouldSyncHistoryMessage, silent, textOf } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'

let double: WhatsAppDouble
const endings: (() => unknown)[] = []

beforeEach(async () => {
  double = await WhatsAppDouble.start()
})

afterEach(async () => {
  for (const end of endings.splice(0)) await end()
  await double.stop()
  expect(double.errors).toEqual([])
})

interface Auth {
  creds: AuthenticationCreds
  keys: SignalKeyStore
}

function client(auth: Auth): WASocket {
  const socket = makeWASocket({ waWebSocketUrl: double.url, auth, logger: silent, shouldSyncHistoryMessage })
  endings.push(() => socket.end(undefined))
  return socket
}

/** Resolves with the close code, or 0 when the connection opens. */
function outcome(socket: WASocket): Promise<number> {
  return new Promise((resolve) =>
    socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
      if (connection === 'open') resolve(0)
      if (connection === 'close')
        resolve(Number((lastDisconnect?.error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode ?? -1)) // the library closes with a Boom
    }),
  )
}

async function askCode(auth: Auth, number: string): Promise<{ socket: WASocket; code: string }> {
  const socket = client(auth)
  await new Promise<void>((resolve) => socket.ev.on('connection.update', ({ qr }) => qr !== undefined && resolve()))
  const code = await socket.requestPairingCode(number)
  await expect.poll(() => double.pairing.waitingNumbers()).toContain(number)
  return { socket, code }
}

test('a device is linked by code, is told to restart, and logs in', async () => {
  const auth = memoryAuth()
  const { socket, code } = await askCode(auth, '15550100002')
  const closed = outcome(socket)
  expect(await double.enterCode('15550100002', code)).toBe('linked')
  expect(await closed).toBe(515)
  expect(await outcome(client(auth))).toBe(0)
  expect(double.online()).toHaveLength(1)
})

test('a wrong code links nothing', async () => {
  const { code } = await askCode(memoryAuth(), '15550100002')
  expect(await double.enterCode('15550100002', code === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA')).toBe('wrong-code')
  expect(double.account('15550100002').devices.size).toBe(0)
})

test('two clients write to each other, alone and in a group', async () => {
  const [ann, bob] = [await connectContact(double, '15550100011', 'Ann'), await connectContact(double, '15550100012', 'Bob')]
  endings.push(ann.stop, bob.stop)
  await ann.socket.sendMessage('15550100012@s.whatsapp.net', { text: 'hello' })
  expect((await bob.message((message) => textOf(message) === 'hello')).pushName).toBe('Ann')
  await bob.socket.sendMessage('15550100011@s.whatsapp.net', { text: 'hello yourself' })
  await ann.message((message) => textOf(message) === 'hello yourself')

  double.addGroup({ id: '120363000000000001@g.us', subject: 'Yard', owner: '15550100011', members: ['15550100011', '15550100012'] })
  await ann.socket.sendMessage('120363000000000001@g.us', { text: 'to all' })
  const heard = await bob.message((message) => textOf(message) === 'to all')
  expect(heard.key.remoteJid).toBe('120363000000000001@g.us')
})

test('what was sent to a device that is away arrives at its next login', async () => {
  const [ann, bob] = [await connectContact(double, '15550100011'), await connectContact(double, '15550100012')]
  endings.push(ann.stop, bob.stop)
  const auth = memoryAuth()
  const { socket, code } = await askCode(auth, '15550100002')
  await Promise.all([outcome(socket), double.enterCode('15550100002', code)])
  const first = client(auth)
  await outcome(first)
  await first.end(undefined)
  await expect.poll(() => double.account('15550100002').devices.get(1)?.connection).toBe(null)
  await ann.socket.sendMessage('15550100002@s.whatsapp.net', { text: 'while you were out' })
  const second = client(auth)
  const heard = new Promise((resolve) =>
    second.ev.on('messages.upsert', ({ messages }) => messages.forEach((message) => resolve(textOf(message)))),
  )
  expect(await heard).toBe('while you were out')
})

test('each way in which a link ends closes with its own code', async () => {
  const auth = memoryAuth()
  const { socket, code } = await askCode(auth, '15550100002')
  await Promise.all([outcome(socket), double.enterCode('15550100002', code)])
  const endsWith = async (cause: () => void): Promise<number> => {
    const connected = client(auth)
    expect(await outcome(connected)).toBe(0)
    const closed = outcome(connected)
    cause()
    return closed
  }
  const device = () => [...double.account('15550100002').devices.values()][0]
  expect(await endsWith(() => double.dropAll())).toBe(428)
  expect(
    await endsWith(() => {
      const found = device()
      if (found) double.replace(found)
    }),
  ).toBe(440)
  double.refuseLogin(403)
  expect(await outcome(client(auth))).toBe(403)
  double.refuseLogin(0)
  expect(
    await endsWith(() => {
      const found = device()
      if (found) double.removeDevice(found)
    }),
  ).toBe(401)
  expect(await outcome(client(auth))).toBe(401)
})

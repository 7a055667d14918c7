/** Bots in the whole server: killed in the middle of a conversation, and beside the brokers. */
import { afterEach, expect, test } from 'vitest'
import { newDataDir, startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { connectContact, textOf } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'

const number = '15550100142'
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

async function start(double: WhatsAppDouble, dataDir: string): Promise<ServerProcess> {
  const server = await startServer({ dataDir, args: ['--whatsapp-url', double.url] })
  endings.push(() => server.dispose())
  return server
}

const call = async (server: ServerProcess, method: string, path: string, json?: object) =>
  (await server.call(`${server.ready.apis['bots']?.url}${path}`, { method, ...(json === undefined ? {} : { json }) })).json() as Promise<
    Record<string, never>
  > // a test looks into answers by name

test('after kill -9 among messages the bot is online again, has read everything, and sends what waited once', async () => {
  const double = await WhatsAppDouble.start()
  endings.push(() => double.stop())
  const ann = await connectContact(double, '15550100011', 'Ann')
  endings.push(ann.stop)
  const dataDir = newDataDir()
  const first = await start(double, dataDir)
  const { pairingCode } = await call(first, 'POST', '/api/sessions', { userId: 'gate', phoneNumber: number })
  await double.enterCode(number, String(pairingCode))
  const status = async (server: ServerProcess) => String((await call(server, 'GET', '/api/sessions/gate'))['status'])
  await expect.poll(() => status(first)).toBe('online')

  await call(first, 'PATCH', '/v1/bots/gate', { keepsLog: true })
  let sent = 0
  const say = () => ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: `number ${(sent += 1)}` })
  for (let index = 0; index < 5; index += 1) await say()
  const flow = (async () => {
    for (let index = 0; index < 20; index += 1) await say()
  })()
  for (const text of ['one', 'two', 'three'])
    await call(first, 'POST', '/api/sessions/gate/messages', { to: ann.number, type: 'text', text })
  await first.end('SIGKILL')
  await flow

  const second = await start(double, dataDir)
  await expect.poll(() => status(second)).toBe('online')
  const logged = async () =>
    (await call(second, 'GET', '/api/sessions/gate/log?limit=500'))['messages'] as unknown as { text: string; kind: string }[]
  const heard = async () => new Set((await logged()).map(({ text }) => text).filter((text) => text.startsWith('number'))).size
  await expect.poll(heard).toBe(25)

  // A message that cannot be decrypted asks for another copy; after the recovery none does.
  const device = [...double.account(number).devices.values()][0]
  const retries = () => device?.connection?.received.filter(({ tag, attrs }) => tag === 'receipt' && attrs['type'] === 'retry').length
  const before = retries()
  await say()
  await expect.poll(heard).toBe(26)
  expect(retries()).toBe(before)
  // What was cut off after it was sent and before its keys were written goes out under keys that she has seen, and once more when she asks.
  const texts = () => ann.messages.filter(({ key }) => key.fromMe !== true).flatMap((message) => textOf(message) ?? [])
  await expect.poll(() => [...new Set(texts())].toSorted()).toEqual(['one', 'three', 'two'])
  expect(await second.end()).toBe(0)
})

test('a rule publishes to a broker session of the same server, and says when there is none', async () => {
  const double = await WhatsAppDouble.start()
  endings.push(() => double.stop())
  const ann = await connectContact(double, '15550100011', 'Ann')
  endings.push(ann.stop)
  const server = await start(double, newDataDir())
  const { pairingCode } = await call(server, 'POST', '/api/sessions', { userId: 'gate', phoneNumber: number })
  await double.enterCode(number, String(pairingCode))
  await expect.poll(async () => String((await call(server, 'GET', '/api/sessions/gate'))['status'])).toBe('online')
  await call(server, 'POST', '/api/sessions/gate/rules', { name: 'Feed', action: { type: 'publish', session: 'yard', topic: 'chat/in' } })
  const rule = async () => ((await call(server, 'GET', '/api/sessions/gate/rules'))['rules'] as unknown as object[])[0]
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'into the void' })
  await expect.poll(rule).toMatchObject({ matched: 1, failed: 1, problem: expect.stringContaining('no such session') })
  expect(
    (
      await server.call(`${server.ready.apis['brokers']?.url}/api/createSession`, {
        method: 'POST',
        json: { sessionName: 'yard', password: 'a-password', sessionExpiry: null },
      })
    ).ok,
  ).toBe(true)
  await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'to the yard' })
  await expect.poll(rule).toMatchObject({ matched: 2, failed: 1, problem: null })
  expect(await server.end()).toBe(0)
})

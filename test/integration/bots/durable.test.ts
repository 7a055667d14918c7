/**
 * What WhatsApp believes the bot to have, it has: a message whose receipt is out is in the log, with the webhooks and the rules, however
 * the connection or the process ends. The library holds what waited for the bot back for up to 30 s; here that wait never ends by itself.
 */
import { createServer } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { createLogStore } from '../../../server/bots/messages/log-store.ts'
import { People } from '../../../server/bots/people/people.ts'
import { serveBots, type ServedBots } from '../../fakes/served-bots.ts'
import { newDataDir, startServer, type ServerProcess } from '../../fakes/server-process.ts'
import { connectContact, textOf, type Contact } from '../../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../../fakes/whatsapp/double.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'

const number = '15550100142'
const texts = Array.from({ length: 20 }, (_, index) => `number ${index}`)
const endings: (() => unknown)[] = []

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end()
})

const device = (double: WhatsAppDouble) => [...double.account(number).devices.values()][0]
/** WhatsApp has a receipt for everything. */
const acknowledged = (double: WhatsAppDouble) =>
  expect.poll(() => device(double)?.waiting.filter(({ tag }) => tag === 'message').length).toBe(0)
const say = async (ann: Contact, all: readonly string[]): Promise<void> => {
  for (const text of all) await ann.socket.sendMessage(`${number}@s.whatsapp.net`, { text })
}

/** A stopped bot that keeps its log, and twenty messages that wait for it. */
async function backlog(): Promise<{ bots: ServedBots; logged(): Promise<string[]> }> {
  const bots = await serveBots()
  endings.push(() => bots.stop())
  // What could not be read stays so.
  const ann = await connectContact(bots.double, '15550100011', 'Ann', { getMessage: async () => undefined })
  endings.push(ann.stop)
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  await bots.call('POST', '/api/sessions/gate/stop')
  await say(ann, texts)
  await expect.poll(() => device(bots.double)?.waiting.filter(({ tag }) => tag === 'message')).toHaveLength(texts.length)
  bots.double.backlog.ending = 'never'
  const logged = async (): Promise<string[]> =>
    (await bots.call('GET', '/api/sessions/gate/log?limit=500')).body.messages.map(({ text }: { text: string }) => text).toReversed()
  return { bots, logged }
}

test('a backlog is in the log before WhatsApp hears that the bot has it, without waiting for its end', async () => {
  const { bots, logged } = await backlog()
  await bots.call('POST', '/api/sessions/gate/start')
  await acknowledged(bots.double)
  expect(await logged()).toEqual(texts)
})

test.each([
  ['stopped', (bots: ServedBots) => bots.call('POST', '/api/sessions/gate/stop')],
  ['cut off', (bots: ServedBots) => bots.double.dropAll()],
  ['unlinked on the phone', (bots: ServedBots) => bots.double.removeDevice(device(bots.double) ?? expect.fail('no device'))],
])('a bot that is %s in its backlog has every message that it has acknowledged, once', async (_how, end) => {
  const { bots, logged } = await backlog()
  await bots.call('POST', '/api/sessions/gate/start')
  await acknowledged(bots.double)
  await end(bots)
  await expect.poll(() => bots.state('gate')).not.toBe('starting')
  expect(await logged()).toEqual(texts)
})

test('what could not be read is told as well when the bot stops', async () => {
  const { bots, logged } = await backlog()
  const [first] = device(bots.double)?.waiting ?? []
  for (const part of Array.isArray(first?.content) ? first.content : [])
    if (part.content instanceof Uint8Array) part.content = Buffer.from(part.content).reverse()
  await bots.call('POST', '/api/sessions/gate/start')
  // What could not be read has no words, and is told at the latest when the bot stops.
  await expect.poll(async () => (await logged()).filter((text) => text !== '')).toHaveLength(19)
  await expect
    .poll(() => device(bots.double)?.connection?.received.some(({ tag, attrs }) => tag === 'receipt' && attrs['type'] === 'retry'))
    .toBe(true)
  await bots.call('POST', '/api/sessions/gate/stop')
  const { messages } = (await bots.call('GET', '/api/sessions/gate/log?limit=500')).body
  expect(messages.filter(({ kind }: { kind: string }) => kind === 'unreadable')).toHaveLength(1)
})

test('a message that could not be read at first has its words in the log once it has come again, and keeps them', async () => {
  const bots = await serveBots()
  endings.push(() => bots.stop())
  await bots.linked('gate', number)
  const log = createLogStore(
    bots.context.database,
    bots.context.sealer,
    new People({ database: bots.context.database, merge: () => false, onMerged() {} }),
  )
  const first = {
    id: 'A',
    chat: '15550100011@s.whatsapp.net',
    author: '15550100011@s.whatsapp.net',
    authorName: null,
    fromMe: false,
    at: 1,
    kind: 'unreadable',
    text: '',
    details: {},
    quoted: null,
    reactsTo: null,
  }
  for (const message of [first, { ...first, kind: 'text', text: 'the words' }, first, { ...first, kind: 'text', text: 'others' }])
    log.add('gate', message)
  expect(log.read('gate', { limit: 10 }).items).toMatchObject([{ id: 'A', kind: 'text', text: 'the words' }])
})

test('a message whose receipt was lost comes again and is neither told twice nor taken for unreadable', async () => {
  const { bots, logged } = await backlog()
  const again = [...(device(bots.double)?.waiting ?? [])]
  await bots.call('POST', '/api/sessions/gate/start')
  await acknowledged(bots.double)
  await bots.call('POST', '/api/sessions/gate/stop')
  device(bots.double)?.waiting.push(...again)
  await bots.call('POST', '/api/sessions/gate/start')
  await acknowledged(bots.double)
  await bots.call('POST', '/api/sessions/gate/stop')
  expect(await logged()).toEqual(texts)
  expect(bots.room.messages.total).toBe(20)
})

test('while the disk refuses nothing is acknowledged, the bot says why, and afterwards nothing is missing', async () => {
  const bots = await serveBots()
  endings.push(() => bots.stop())
  // What could not be read stays so.
  const ann = await connectContact(bots.double, '15550100011', 'Ann', { getMessage: async () => undefined })
  endings.push(ann.stop)
  await bots.linked('gate', number)
  await bots.call('PATCH', '/v1/bots/gate', { keepsLog: true })
  bots.context.database.exec("CREATE TRIGGER refuse BEFORE INSERT ON bot_inbox BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
  await say(ann, texts.slice(0, 5))
  await expect
    .poll(async () => (await bots.call('GET', '/v1/bots/gate')).body.bot.reason)
    .toContain('cannot be written, so WhatsApp is to keep it: database or disk is full')
  await expect.poll(() => device(bots.double)?.waiting.filter(({ tag }) => tag === 'message')).toHaveLength(5)
  bots.context.database.exec('DROP TRIGGER refuse')
  await bots.call('POST', '/api/sessions/gate/start')
  await acknowledged(bots.double)
  await expect
    .poll(async () =>
      (await bots.call('GET', '/api/sessions/gate/log')).body.messages.map(({ text }: { text: string }) => text).toReversed(),
    )
    .toEqual(texts.slice(0, 5))
  expect(bots.double.errors).toEqual([])
})

test('after kill -9 in the backlog none of 20 acknowledged messages is lost: the log and the rule have each once, the webhook each', async () => {
  const double = await WhatsAppDouble.start()
  endings.push(() => double.stop())
  const ann = await connectContact(double, '15550100011', 'Ann')
  endings.push(ann.stop)
  const got: string[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      got.push((JSON.parse(body) as { data: { message: { text: string } } }).data.message.text)
      response.end()
    })
  })
  const url = await listenOnLoopback(receiver)
  endings.push(() => stopServer(receiver))
  const dataDir = newDataDir()
  const start = async (): Promise<ServerProcess> => {
    const server = await startServer({ dataDir, args: ['--whatsapp-url', double.url] })
    endings.push(() => server.dispose())
    return server
  }
  const call = async (server: ServerProcess, method: string, path: string, json?: object) =>
    (await server.call(`${server.ready.apis['bots']?.url}${path}`, { method, ...(json === undefined ? {} : { json }) })).json() as Promise<
      Record<string, never>
    > // a test looks into answers by name

  const first = await start()
  await first.call('/control/v1/settings', { method: 'PATCH', json: { webhooks: { allowPrivate: true }, bots: { pause: 0 } } })
  const { pairingCode } = await call(first, 'POST', '/api/sessions', { userId: 'gate', phoneNumber: number })
  await double.enterCode(number, String(pairingCode))
  await expect.poll(async () => String((await call(first, 'GET', '/api/sessions/gate'))['status'])).toBe('online')
  await call(first, 'PATCH', '/v1/bots/gate', { keepsLog: true })
  await call(first, 'POST', '/api/sessions/gate/webhooks', { url, types: ['message'] })
  await call(first, 'POST', '/api/sessions/gate/rules', { name: 'Echo', perMinute: 60, action: { type: 'reply', template: 're {{text}}' } })
  await call(first, 'POST', '/api/sessions/gate/stop')
  await say(ann, texts)
  await expect.poll(() => device(double)?.waiting.filter(({ tag }) => tag === 'message')).toHaveLength(texts.length)
  double.backlog.ending = 'never'
  await call(first, 'POST', '/api/sessions/gate/start')
  await acknowledged(double)
  await first.end('SIGKILL')

  const second = await start()
  const logged = async () =>
    ((await call(second, 'GET', '/api/sessions/gate/log?limit=500'))['messages'] as unknown as { text: string; fromMe: boolean }[])
      .filter(({ fromMe }) => !fromMe)
      .map(({ text }) => text)
      .toReversed()
  expect(await logged()).toEqual(texts)
  await expect.poll(() => new Set(got.filter((text) => texts.includes(text))).size).toBe(20)
  // Without those that she could not read at first and asked for again. An answer whose acknowledgement the kill cut off goes out once
  // more under its own id, by which a phone knows it again: it is one message.
  const answers = () =>
    new Map(
      ann.messages
        .filter(({ key }) => key.fromMe !== true)
        .map((message) => [message.key.id, textOf(message)] as const)
        .filter(([, text]) => text !== null),
    )
  await expect.poll(() => new Set(answers().values()).size).toBe(20)
  expect([...answers().values()].toSorted()).toEqual(texts.map((text) => `re ${text}`).toSorted())
  expect(await second.end()).toBe(0)
})

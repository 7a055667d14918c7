/** The programs of `examples/`, run as their first lines say by the oldest Node there may be, against one built server with all rooms. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ensureOldestNode, oldestNode } from '../../scripts/lib/oldest-node.mjs'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'
import { connectContact, textOf, type Contact } from '../fakes/whatsapp/contact.ts'
import { WhatsAppDouble } from '../fakes/whatsapp/double.ts'
import { temporaryFolder } from '../fakes/kernel.ts'
import { eventually } from '../fixtures/eventually.ts'
import { connectPortal, type Connection } from '../fixtures/portal/connect.ts'
import { startPortal, type Portal } from '../fixtures/portal/portal.ts'

const root = join(import.meta.dirname, '../..')
const everything = join(root, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')
let double: WhatsAppDouble
let contact: Contact
let portal: Portal
let connection: Connection
let server: ServerProcess

beforeAll(async () => {
  await ensureOldestNode()
  double = await WhatsAppDouble.start()
  ;[server, contact, portal] = await Promise.all([
    startServer({ built: true, args: ['--whatsapp-url', double.url] }),
    connectContact(double, '15550100011', 'Ann'),
    startPortal(),
  ])
  connection = await connectPortal(portal, server.dataDir)
})
afterAll(async () => {
  await connection?.end()
  await server?.dispose()
  await contact?.stop()
  await Promise.all([double?.stop(), portal?.stop()])
})

/** Runs a program to its end. */
async function runToEnd(
  args: readonly string[],
  onLine: (line: string) => void = () => undefined,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ lines: string[]; errors: string; code: number | null }> {
  const lines: string[] = []
  let errors = ''
  const child = spawn(oldestNode, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    onLine(line)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  return { lines, errors, code }
}

/** Runs an example to its end; `onLine` hears each line as it is printed. */
async function runExample(
  name: string,
  args: readonly string[],
  ...how: [((line: string) => void)?, NodeJS.ProcessEnv?]
): Promise<string[]> {
  const { lines, errors, code } = await runToEnd([join(root, 'examples', `${name}.mjs`), ...args], ...how)
  expect([code, errors]).toEqual([0, ''])
  return lines
}
const urlOf = (room: string): string => server.ready.apis[room]?.url ?? ''

test('browsers: the second call finds the browser that the first one signed in', async () => {
  const lines = await runExample('browsers', [urlOf('browsers'), 'user1', 'harbor-demo', portal.captchaService.apiKey])
  expect(lines).toEqual([
    'first call: signed in',
    'second call: the browser was there, signed in',
    expect.stringMatching(/^open: session_\S+ of user1$/),
    'closed',
  ])
})

test('browsers: a program of its own drives the browser that is signed in, and leaves it there', async () => {
  const made = await server.call('/control/v1/keys', { method: 'POST', json: { name: 'example', rights: ['browsers:use'] } })
  const { secret } = (await made.json()) as { secret: string }
  const args = [urlOf('browsers'), 'user1', 'harbor-demo', portal.captchaService.apiKey]
  const lines = await runExample('browsers-drive', args, undefined, { ...process.env, WHEELHOUSE_KEY: secret })
  expect(lines).toEqual(['signed in: Containers · Harbor Gate', 'clicked: My appointments · Harbor Gate', 'left; the session stays'])
})

test('brokers: a message waits for its reader', async () => {
  const password = 'harbor-demo'
  await server.call(`${urlOf('brokers')}/api/createSession`, { method: 'POST', json: { sessionName: 'my-service', password } })
  const lines = await runExample('brokers', [urlOf('brokers').replace('http', 'ws'), 'my-service', password])
  expect(lines).toEqual(['published, waiting for 1 reader', 'orders/created: Order 1 is paid'])
  const wrong = await runToEnd([join(root, 'examples/brokers.mjs'), urlOf('brokers').replace('http', 'ws'), 'my-service', 'wrong'])
  expect(wrong).toEqual({ lines: [], errors: 'Not connected: Invalid password\n', code: 1 })
})

test('bots: a bot is linked, writes, and answers', async () => {
  await server.call('/control/v1/settings', { method: 'PATCH', json: { bots: { pause: 0 } } })
  const number = '15550100142'
  const phone: Promise<unknown>[] = []
  const lines = await runExample('bots', [urlOf('bots'), number, '15550100011'], (line) => {
    const code = /: (\w{4}-?\w{4})$/.exec(line)?.[1]
    if (code !== undefined) phone.push(double.enterCode(number, code.replace('-', '')))
    if (line === 'delivered') phone.push(contact.socket.sendMessage(`${number}@s.whatsapp.net`, { text: 'Gate 7' }))
  })
  expect(lines.slice(1)).toEqual(['online', 'delivered', 'they say: Gate 7', 'answered'])
  await Promise.all(phone)
  await contact.message((message) => textOf(message) === 'Thank you')
})

test('logins: a login opens the service, and its end closes it', async () => {
  expect(await runExample('logins', [urlOf('logins')])).toEqual([
    'without a token: 401',
    'with the token: 200 Hello ann',
    'logged out',
    'with the token: 401',
  ])
})

test('relay: a client finds the tools at its session address and calls one', async () => {
  await server.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.com', credits: 5 } })
  const upstream = { name: 'everything', transport: 'stdio', command: process.execPath, args: [everything], enabled: true }
  await server.call('/control/v1/upstreams', { method: 'POST', json: upstream })
  // A list does not wait long for a server that is only just starting.
  await eventually('the server is ready', async () => {
    const { upstreams } = (await (await server.call('/control/v1/upstreams')).json()) as { upstreams: { state: string }[] }
    return upstreams[0]?.state === 'ready'
  })
  const lines = await runExample('relay', [urlOf('relay'), 'ann', 'echo', '{"message": "hello"}'])
  expect(lines).toEqual([expect.stringMatching(/^tools: .*\becho\b/), 'Echo: hello'])
})

describe('a Node that is too old for the server', () => {
  const cli = join(root, 'out/main/cli.js')

  test('runs its commands', async () => {
    const key = expect.stringMatching(/^[A-Za-z0-9+/]{43}=$/)
    expect(await runToEnd([cli, 'generate-key'])).toEqual({ lines: [key], errors: '', code: 0 })
    expect(await runToEnd([join(root, 'utils/generate_key.js')])).toEqual({ lines: [key], errors: '', code: 0 })
    const link = await runToEnd([cli, 'sign-in-link', '--data-dir', server.dataDir])
    expect(link).toMatchObject({ lines: [expect.stringContaining(server.ready.control.url)], errors: '', code: 0 })
  })

  test('starts the server under itself, for which it is told to end', async () => {
    const anyPort = ['control', 'brokers', 'bots', 'browsers', 'logins', 'relay'].flatMap((room) => [`--${room}-port`, '0'])
    const dataDir = temporaryFolder()
    const child = spawn(oldestNode, [cli, '--data-dir', '.', ...anyPort], { cwd: dataDir, stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = new Promise((resolve) => child.once('close', (code) => resolve(code)))
    const [line] = await once(createInterface({ input: child.stdout }), 'line')
    expect(line).toMatch(/^wheelhouse ready /)
    expect(existsSync(join(dataDir, 'runtime.json'))).toBe(true)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })
})

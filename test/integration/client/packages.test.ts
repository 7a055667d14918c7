/** The client libraries as a program of somebody else gets them: built, packed, installed beside nothing of this project. */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ensureOldestNode, oldestNode } from '../../../scripts/lib/oldest-node.mjs'
import { openBrokers } from '../../fakes/broker-house.ts'
import { testClock } from '../../fakes/kernel.ts'
import { startLogins } from '../../fakes/logins.ts'
import { startChromium } from '../../fixtures/chromium.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { patience } from '../../fixtures/patience.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../../..')
const compiler = join(root, 'node_modules/typescript/bin/tsc')
let program: string

beforeAll(async () => {
  await ensureOldestNode()
  program = mkdtempSync(join(tmpdir(), 'wheelhouse-program-'))
  const modules = join(program, 'node_modules')
  for (const name of ['brokers', 'logins']) {
    const to = join(modules, '@wheelhouse', name)
    mkdirSync(to, { recursive: true })
    await run(process.execPath, [compiler, '-p', join(root, 'client', name), '--outDir', join(to, 'dist')])
    writeFileSync(join(to, 'package.json'), readFileSync(join(root, 'client', name, 'package.json')))
  }
  mkdirSync(join(modules, '@types'))
  // What `npm install` brings beside them, by their own package.json.
  for (const name of ['fast-jwt', 'ws', '@types/node', 'undici-types']) symlinkSync(join(root, 'node_modules', name), join(modules, name))
  writeFileSync(join(program, 'package.json'), '{"type":"module"}')
})

afterAll(() => rmSync(program, { recursive: true, force: true }))

/** Runs a script in the program's folder and gives what it prints. */
async function runProgram(text: string, ...args: string[]): Promise<string> {
  return runWith(process.execPath, text, ...args)
}

async function runWith(node: string, text: string, ...args: string[]): Promise<string> {
  writeFileSync(join(program, 'main.mjs'), text)
  return (await run(node, [join(program, 'main.mjs'), ...args], { cwd: program })).stdout
}

const talk = `
import { BrokerClient, generateKey } from '@wheelhouse/brokers'
export async function talk(url, sessionName, password) {
  const key = generateKey()
  const got = []
  // Node has one of its own from 22 on.
  const ws = globalThis.WebSocket === undefined ? (await import('ws')).WebSocket : undefined
  const options = { url, sessionName, password, key, envelope: 2, ...(ws === undefined ? {} : { open: (url) => new ws(url) }) }
  const [reader, writer] = [new BrokerClient(options), new BrokerClient(options)]
  const came = new Promise((resolve) => reader.connect({ handlers: { 'orders/+': ({ topic, text }) => resolve(topic + ': ' + text) } }))
  await writer.connect()
  // Said until somebody is there to hear it.
  while ((await writer.publish('orders/1', 'grüße')).deliveredTo === 0);
  const text = await came
  await Promise.all([reader.close(), writer.close()])
  return text
}`

describe('the client of the brokers', () => {
  test.each([
    ['Node', process.execPath],
    ['the oldest Node there may be', oldestNode],
  ])('publishes and receives from a program under %s', async (_, node) => {
    const house = await openBrokers()
    const { sessionName, password } = await house.createSession()
    const text = `${talk}\nconsole.log(await talk(...process.argv.slice(2)))`
    expect(await runWith(node, text, house.url.replace('http', 'ws'), sessionName, password)).toBe('orders/1: grüße\n')
  })

  test('says what it lacks where there is no WebSocket', async () => {
    const text = `import { BrokerClient } from '@wheelhouse/brokers'
const client = new BrokerClient({ url: 'ws://127.0.0.1:1', sessionName: 'a', password: 'b' })
console.log(await client.connect().catch(({ name, message }) => name + ': ' + message))`
    expect(await runWith(oldestNode, text)).toBe(
      'BrokerError: There is no WebSocket here (Node has one from 22 on): give the client one, `open: (url) => new WebSocket(url)` with that of `ws`\n',
    )
  })

  test('publishes and receives from a page, imported as it is, without a bundler', async () => {
    const house = await openBrokers()
    const { sessionName, password } = await house.createSession()
    const pages = createServer(({ url = '/' }, response) => {
      const file =
        url === '/' ? null : url === '/talk.js' ? talk : readFileSync(join(program, 'node_modules/@wheelhouse/brokers/dist', url))
      response.setHeader('content-type', file === null ? 'text/html' : 'text/javascript')
      response.end(
        file ?? '<link rel="icon" href="data:,"><script type="importmap">{"imports": {"@wheelhouse/brokers": "/index.js"}}</script>',
      )
    })
    onTestFinished(() => stopServer(pages))
    const address = await listenOnLoopback(pages)
    const chromium = await startChromium()
    onTestFinished(() => chromium.stop())
    const page = await chromium.freshPage()
    await page.goto(address)
    const script = `import('/talk.js').then(({ talk }) => talk(${JSON.stringify(house.url.replace('http', 'ws'))}, ${JSON.stringify(sessionName)}, ${JSON.stringify(password)}))`
    expect(await page.evaluate(script)).toBe('orders/1: grüße')
  })

  test('needs nothing beside it', () => {
    expect(JSON.parse(readFileSync(join(root, 'client/brokers/package.json'), 'utf8'))).not.toHaveProperty('dependencies')
  })
})

test('the gateway of the logins lets a good token through and nothing else, in a program under Node', async () => {
  const logins = await startLogins({ clock: testClock(Date.now()) })
  const { token } = await logins.login({ user_id: 'user1' })
  const text = `
import { createGateway } from '@wheelhouse/logins'
const [url, token] = process.argv.slice(2)
const gateway = createGateway({ url, timeout: ${patience} })
await gateway.ready()
const handle = gateway.fetch((_, { user_id }) => new Response('for ' + user_id))
const ask = async (headers) => {
  const response = await handle(new Request('http://here.test/', { headers }))
  return response.status + (response.ok ? ' ' + (await response.text()) : '')
}
console.log(await ask({ authorization: 'Bearer ' + token }), await ask({ authorization: 'Bearer x' + token }), await ask({}))
gateway.close()`
  expect(await runProgram(text, logins.url, token)).toBe('200 for user1 401 401\n')
})

test.each(['NodeNext', 'Bundler'])('a program in TypeScript finds their types by %s resolution', async (resolution) => {
  writeFileSync(
    join(program, 'main.ts'),
    `import { BrokerClient, type BrokerMessage } from '@wheelhouse/brokers'
import { createGateway, type Verdict } from '@wheelhouse/logins'
export const client = new BrokerClient({ url: 'ws://127.0.0.1:3000', sessionName: 'a', password: 'b' })
export const read = ({ topic }: BrokerMessage): string => topic
export const gateway = createGateway({ url: 'http://127.0.0.1:8081' })
export const isGood = (verdict: Verdict): boolean => verdict.ok
// @ts-expect-error a session has a name
new BrokerClient({ url: 'ws://127.0.0.1:3000', password: 'b' })
`,
  )
  const options = ['--noEmit', '--strict', '--target', 'ES2022', '--lib', 'ES2023,DOM', '--types', 'node']
  const resolved = ['--module', resolution === 'NodeNext' ? 'NodeNext' : 'ESNext', '--moduleResolution', resolution]
  const { stdout } = await run(process.execPath, [compiler, ...options, ...resolved, 'main.ts'], { cwd: program })
  expect(stdout).toBe('')
})

test('they are free for programs of any licence', () => {
  for (const name of ['brokers', 'logins']) {
    expect(JSON.parse(readFileSync(join(root, 'client', name, 'package.json'), 'utf8'))).toMatchObject({ license: 'MIT', version: '0.1.0' })
    expect(readFileSync(join(root, 'client', name, 'LICENSE'), 'utf8')).toMatch(/^MIT License/)
  }
})

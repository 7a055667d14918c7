/** The programs that the window offers for copying, run as they are shown, those for Node by the oldest there may be. */
import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { connectProgram, type ClientKind, type ConnectPlace } from '../../../renderer/pages/brokers/connect-snippets.ts'
import { ensureOldestNode, oldestNode } from '../../../scripts/lib/oldest-node.mjs'
import { ensurePaho, pahoFolder } from '../../../scripts/lib/paho.mjs'
import { countsIn, FrameClient, openBrokers, type BrokerHouse } from '../../fakes/broker-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'
import { listenOnLoopback, stopServer } from '../../fixtures/loopback.ts'
import { runProgram, type RunningProgram } from '../../fixtures/running-program.ts'
import { startTlsProxy } from '../../fixtures/tls-proxy.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const run = promisify(execFile)

/** Whatever a language or a shell might read as its own. */
const trickyName = `it's "x" \\ $HOME \${y} \`id\` #{z} %s a:b ??/ -n grüße 😀`
const trickyPassword = `p'q"r\\ $HOME \`id\` ü`

interface Runnable {
  kind: ClientKind
  /** Where one kind runs in more than one way. */
  way: string
  start(code: string, env: NodeJS.ProcessEnv): RunningProgram
}

const node = (code: string, env: NodeJS.ProcessEnv): RunningProgram =>
  runProgram(oldestNode, ['--input-type=module', '--eval', code], { cwd: root, env })
const python = (version: 1 | 2) => (code: string, env: NodeJS.ProcessEnv) =>
  runProgram('python3', ['-c', code], { env: { ...env, PYTHONPATH: pahoFolder(version) } })
const shell = (code: string, env: NodeJS.ProcessEnv): RunningProgram => runProgram('sh', ['-c', code], { env })
/** Each terminal's command begins a paragraph of its own. */
const terminal = (code: string, command: string): string => code.split('\n\n').find((part) => part.includes(`\n${command} `)) ?? ''

const runnable: Runnable[] = [
  { kind: 'Node', way: 'Node', start: node },
  { kind: 'mqtt.js', way: 'mqtt.js', start: node },
  { kind: 'Python', way: 'Python with paho 1', start: python(1) },
  { kind: 'Python', way: 'Python with paho 2', start: python(2) },
  {
    kind: 'mosquitto',
    way: 'mosquitto_sub',
    start: (code, env) => shell(`exec ${terminal(code, 'mosquitto_sub').replace(/^#.*\n/gm, '')}`, env),
  },
]

beforeAll(async () => {
  await Promise.all([ensurePaho(), ensureOldestNode()])
  for (const version of [1, 2] as const)
    if (!existsSync(pahoFolder(version)))
      throw new Error(
        `There is no paho-mqtt ${version}: python3 -m pip install --no-deps --target ${pahoFolder(version)} 'paho-mqtt==${version}.*'`,
      )
}, 300_000)

const placeOf = (house: BrokerHouse, name: string): ConnectPlace => ({
  url: house.url.replace('http', 'ws'),
  name,
  isOpen: false,
  mqttPort: house.room.mqttPort(),
})

async function openTricky(): Promise<{ house: BrokerHouse; session: { sessionName: string; password: string }; place: ConnectPlace }> {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } } })
  const session = await house.createSession({ sessionName: trickyName, password: trickyPassword })
  return { house, session, place: placeOf(house, session.sessionName) }
}

const subscribers = async (house: BrokerHouse, name: string, topic = 'orders/#'): Promise<number> => {
  const { clients } = (await house.call(`/v1/sessions/${encodeURIComponent(name)}`)).body as never as {
    clients: { topics: string[]; connectedAt: string | null }[]
  }
  return clients.filter(({ topics, connectedAt }) => connectedAt !== null && topics.includes(topic)).length
}

describe.each(runnable)('the $way program', ({ kind, start }) => {
  it('connects, receives and acknowledges, whatever the session and its password are called; two copies are two', async () => {
    const { house, session, place } = await openTricky()
    const { code } = connectProgram(kind, place)
    const copies = [1, 2].map(() => start(code, { BROKER_PASSWORD: session.password }))
    const isWrong = (): boolean => copies.some(({ output }) => output !== '')
    await until('both have subscribed', async () => isWrong() || (await subscribers(house, session.sessionName)) === 2)
    const writer = await FrameClient.join(house.url, session)
    writer.publish('orders/created', 'm1', 'Order 7')
    expect(await writer.next('publish_response'), copies[0]?.output).toMatchObject({ deliveredTo: 2 })
    await Promise.all(copies.map((copy) => copy.prints('orders/created Order 7')))
    await until('they have acknowledged it', () => countsIn(house)?.queued === 0)
  })

  it('says that the password is wrong, and ends', async () => {
    const { place } = await openTricky()
    const program = start(connectProgram(kind, place).code, { BROKER_PASSWORD: 'wrong' })
    expect(await program.ended()).toBeGreaterThan(0)
    expect(program.output).toMatch(/password/i)
    expect(program.output).not.toContain('Traceback')
  })
})

describe.each(runnable.filter(({ kind }) => kind !== 'mosquitto'))('the $way program', ({ kind, start }) => {
  it('finds what came while it was away, where it has a name', async () => {
    const { house, session, place } = await openTricky()
    const { code } = connectProgram(kind, place)
    const env = { BROKER_PASSWORD: session.password, BROKER_CLIENT: 'shop-1' }
    const before = start(code, env)
    await until('it has subscribed', async () => (await subscribers(house, session.sessionName)) === 1)
    await before.kill()
    await until('it is away', async () => (await subscribers(house, session.sessionName)) === 0)
    const writer = await FrameClient.join(house.url, session)
    writer.publish('orders/created', 'm1', 'Order 8')
    expect(await writer.next('publish_response')).toMatchObject({ deliveredTo: 0, queuedFor: 1 })
    await start(code, env).prints('orders/created Order 8')
  })
})

/** Those that take the address apart. */
const apart = runnable.filter(({ kind }) => kind === 'mqtt.js' || kind === 'Python')

it.each(apart)('connects the $way program over TLS, below a path too', async ({ kind, start }) => {
  const { house, session } = await openTricky()
  const proxy = await startTlsProxy(house.url)
  onTestFinished(() => proxy.stop())
  const authority = join(temporaryFolder(), 'authority.pem')
  writeFileSync(authority, proxy.cert)
  const place = { ...placeOf(house, session.sessionName), url: `${proxy.url.replace('https', 'wss')}/some/where/` }
  const trust = { NODE_EXTRA_CA_CERTS: authority, SSL_CERT_FILE: authority }
  const program = start(connectProgram(kind, place).code, { BROKER_PASSWORD: session.password, ...trust })
  await until('it has subscribed', async () => (await subscribers(house, session.sessionName)) === 1 || program.output !== '')
  expect(program.output).toBe('')
})

it.each(apart)('connects the $way program to an IPv6 address, by the name that it has in a Host header', async ({ kind, start }) => {
  const server = createServer()
  onTestFinished(() => stopServer(server))
  const asked = new Promise<IncomingMessage>((resolve) =>
    server.on('upgrade', (request, socket) => {
      resolve(request)
      socket.destroy()
    }),
  )
  // One that is there on a machine without IPv6 too.
  const host = `[::ffff:7f00:1]:${new URL(await listenOnLoopback(server)).port}`
  start(connectProgram(kind, { url: `ws://${host}`, name: trickyName, isOpen: false, mqttPort: null }).code, { BROKER_PASSWORD: 'any' })
  const { headers, url } = await asked
  expect([headers.host, url]).toEqual([host, '/mqtt'])
})

it('sends by mosquitto_pub', async () => {
  const { house, session, place } = await openTricky()
  const reader = await FrameClient.join(house.url, session)
  await reader.subscribe('orders/#')
  const { code } = connectProgram('mosquitto', place)
  const program = shell(terminal(code, 'mosquitto_pub'), { BROKER_PASSWORD: session.password })
  expect([await program.ended(), program.output]).toEqual([0, ''])
  expect(await reader.next('message')).toMatchObject({ topic: 'orders/created', data: 'Order 1' })
  const refused = shell(terminal(code, 'mosquitto_pub'), { BROKER_PASSWORD: 'wrong' })
  expect(await refused.ended()).toBeGreaterThan(0)
  expect(refused.output).toMatch(/password/i)
})

describe.each([4, 5])('the ESP32 program, compiled for IDF %i', (version) => {
  const device = join(root, 'test/fixtures/esp-idf')
  async function compiled(place: Partial<ConnectPlace> = {}): Promise<(server: string) => Promise<string[]>> {
    const folder = temporaryFolder()
    const [source, program] = [join(folder, 'main.c'), join(folder, 'device')]
    const { code } = connectProgram('ESP32', { url: 'ws://10.0.4.2:3000', name: trickyName, isOpen: true, mqttPort: null, ...place })
    writeFileSync(source, code)
    // As the build of ESP-IDF has it.
    const strict = ['-std=gnu17', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', `-DDEVICE_IDF=${version}`, '-I', device]
    await run('cc', [...strict, source, join(device, 'device.c'), '-o', program])
    return async (server) => (await run(program, { env: { DEVICE_SERVER: server } })).stdout.trim().split('\n')
  }

  it('subscribes once it is connected, publishes, and prints what comes', async () => {
    const play = await compiled()
    expect(await play('lets in')).toEqual([
      'address ws://10.0.4.2:3000/mqtt',
      `session ${trickyName}`,
      'password fill-in',
      'client of the chip',
      'kept 1',
      'sealed 0',
      'subscribes orders/# at 1',
      'publishes sensors/temperature: 21.5 at 1',
      'I broker: orders/created Order 7',
      'runs on',
    ])
  })

  it('says that the password is wrong, and stops; what may pass is tried again', async () => {
    const play = await compiled()
    expect((await play('wrong password')).slice(6)).toEqual(['E broker: Wrong session name or password', 'stopped'])
    expect((await play('suspended')).slice(6)).toEqual(['E broker: Refused with code 5', 'runs on'])
    expect((await play('away')).slice(6)).toEqual(['W broker: Cannot reach ws://10.0.4.2:3000/mqtt, trying again', 'runs on'])
  })

  it('takes plain MQTT where that is on, and TLS where the address has it', async () => {
    const plain = await compiled({ mqttPort: 1_884 })
    expect((await plain('lets in'))[0]).toBe('address mqtt://10.0.4.2:1884')
    const sealed = await compiled({ url: 'wss://broker.example/house/' })
    expect(await sealed('lets in')).toEqual(expect.arrayContaining(['address wss://broker.example:443/house/mqtt', 'sealed 1']))
  })
})

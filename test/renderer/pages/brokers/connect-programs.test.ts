/** The programs for copying, as far as they need not be run to know whether they are right; `snippets.test.ts` runs them. */
import { afterEach, describe, expect, it } from 'vitest'
import ConnectCard from '../../../../renderer/pages/brokers/connect-card.vue'
import { clientKinds, colourCode, connectProgram, type ConnectPlace } from '../../../../renderer/pages/brokers/connect-snippets.ts'
import { quotedForC, quotedForDart, quotedForShell, quoted } from '../../../../renderer/pages/brokers/programs/quoting.ts'
import { defineComponent, h } from 'vue'
import { api } from '../../support/samples.ts'
import { mountPage, standardServer, type MountedPage } from '../../support/mount.ts'

const place: ConnectPlace = { url: 'ws://10.0.4.2:3000', name: 'orders-prod', isOpen: true, mqttPort: null }
const programOf = (kind: (typeof clientKinds)[number], changes: Partial<ConnectPlace> = {}) =>
  connectProgram(kind, { ...place, ...changes })

it.each(clientKinds)('names address and session in the program for %s, and asks for the password', (kind) => {
  const { code } = programOf(kind)
  for (const words of ['orders-prod', '10.0.4.2', 'BROKER_PASSWORD']) expect(code).toContain(words)
})

it.each(clientKinds)('shows every letter of the program for %s in colours', (kind) => {
  const { code } = programOf(kind)
  expect(
    colourCode(code)
      .map(({ text }) => text)
      .join(''),
  ).toBe(code)
})

it('gives a device an address that it reaches, or says where there is one', () => {
  expect(programOf('ESP32')).toMatchObject({ missing: null })
  const closed = programOf('ESP32', { url: 'ws://127.0.0.1:3000', isOpen: false, mqttPort: 1_883 })
  expect(closed.code).not.toMatch(/127\.0\.0\.1|localhost|::1/)
  expect(closed.code).toContain('mqtt://ADDRESS-OF-THIS-MACHINE:1883')
  expect(closed.missing).toEqual({
    text: 'Other devices do not reach this address: open the brokers to the network first.',
    action: 'Settings › Network',
    to: '/settings/network',
  })
})

it('says that mosquitto needs the port of plain MQTT, until it is there', () => {
  expect(programOf('mosquitto').missing).toMatchObject({ text: expect.stringContaining('switch its port on'), to: '/settings/network' })
  const { code, missing } = programOf('mosquitto', { url: 'ws://[fd00::7]:3000', mqttPort: 1_999 })
  expect([missing, code.match(/-h \S+ -p \S+/g)]).toEqual([null, ['-h fd00::7 -p 1999', '-h fd00::7 -p 1999']])
})

it('switches TLS on for a secure address, with the port of its kind', () => {
  const secure = { url: 'wss://broker.example/house/' }
  expect(programOf('Node', secure).code).toContain('WebSocket("wss://broker.example/house/")')
  expect(programOf('mqtt.js', secure).code).toContain('"wss://broker.example:443/house/mqtt"')
  expect(programOf('Dart', secure).code).toContain('serverUrl: "wss://broker.example/house/"')
  const { code } = programOf('Python', secure)
  for (const line of ['client.tls_set()', 'client.connect("broker.example", 443)', 'ws_set_options(path="/house/mqtt")'])
    expect(code).toContain(line)
  expect(programOf('Python').code).not.toContain('tls_set')
})

/** The published client, version 1.0.0: its constructor and methods with the most arguments they take. */
const published = {
  library: 'package:fastport_client/fastport_client.dart',
  constructor: 'FastPort',
  required: ['serverUrl', 'sessionName', 'password', 'aesKey'],
  optional: ['retryInterval', 'maxRetries'],
  methods: { init: 0, emit: 2, get: 2, unsubscribe: 2, sendFile: 2, onFile: 2, close: 0 } as Record<string, number>,
}

describe('the Dart program', () => {
  const { code } = programOf('Dart')

  it('imports the published package and makes its client with the arguments it takes', () => {
    expect(code).toContain(`import '${published.library}';`)
    expect(code).toContain(`dart pub add ${published.library.slice('package:'.length).split('/')[0]}`)
    const [, name, list = ''] = /final fastPort = (\w+)\(\n([\s\S]*?)\n {2}\);/.exec(code) ?? []
    expect(name).toBe(published.constructor)
    const given = [...list.matchAll(/^ {4}(\w+):/gm)].map(([, argument]) => argument)
    expect(given.filter((argument) => ![...published.required, ...published.optional].includes(argument ?? ''))).toEqual([])
    expect(given).toEqual(expect.arrayContaining(published.required))
  })

  it('calls methods that there are, with as many arguments as they take', () => {
    const calls = [...code.matchAll(/fastPort\.(\w+)\((.*)/g)].map(([, method = '', rest = '']) => ({
      method,
      given: rest.startsWith(')') ? 0 : rest.replace(/\([^)]*\)/g, '').split(',').length,
    }))
    expect(calls).toEqual(['init', 'get', 'emit'].map((method) => ({ method, given: published.methods[method] })))
    expect(code).toMatch(/fastPort\.get\('[^']*', \(message, timestamp\) \{/)
  })

  it('ends where it is not let in, since the client would go on trying', () => {
    expect(code).toMatch(/try \{\n {4}await fastPort\.init\(\);\n {2}\} catch \(error\) \{[\s\S]*stderr\.writeln\(error\);\n {4}exit\(1\);/)
  })
})

describe('a name in a program', () => {
  const tricky = `it's "x" \\ $HOME \${y} \`id\` ??/ grüße 😀`
  const hidden = 'a\u202eb\u200bc\u0007d\n'

  it('is what it is, for every language', () => {
    expect(JSON.parse(quoted(tricky))).toBe(tricky)
    expect(JSON.parse(quotedForDart(tricky).replaceAll('\\$', '$'))).toBe(tricky)
    // No dollar without its backslash.
    expect(quotedForDart(tricky)).not.toMatch(/(?<!\\)\$/)
    expect(quotedForC(tricky)).toBe(String.raw`"it's \"x\" \\ $HOME ${'${y}'} ${'`id`'} ?\?/ grüße 😀"`)
    expect(quotedForShell(tricky)).toBe(String.raw`'it'\''s "x" \ $HOME ${'${y}'} ${'`id`'} ??/ grüße 😀'`)
  })

  it('shows what would not be seen, or turn the line around', () => {
    expect(quoted(hidden)).toBe(String.raw`"a\u202eb\u200bc\u0007d\n"`)
    expect(quotedForC(hidden)).toBe(String.raw`"a\342\200\256b\342\200\213c\007d\012"`)
  })
})

describe('the card', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  async function open(changes: Parameters<typeof api>[0]): Promise<MountedPage> {
    const server = standardServer().on('GET /control/v1/apis', () => ({ apis: [api({ name: 'brokers', ...changes })] }))
    const page = defineComponent({ render: () => h(ConnectCard, { name: 'orders-prod' }) })
    return (mounted = await mountPage(page, { server }))
  }
  const text = (page: MountedPage): string => page.text().replaceAll(/\s+/g, ' ')

  it('shows the address of the network once the brokers are open to it', async () => {
    const page = await open({ openTo: 'lan', url: 'http://127.0.0.1:3000', lanUrls: ['http://192.168.1.9:3000'] })
    expect(text(page)).toContain('ws://192.168.1.9:3000')
  })

  it('shows the address of this machine until then', async () => {
    const page = await open({ openTo: 'machine', url: 'http://127.0.0.1:3000', lanUrls: [] })
    expect(text(page)).toContain('ws://127.0.0.1:3000')
  })
})

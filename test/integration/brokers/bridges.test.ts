/** Bridges to Debian's mosquitto: what goes over them, and that nothing is lost when either side dies. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { openBridgeHouse } from '../../fakes/bridge-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'
import { hasMosquitto, mqttClient, startMosquitto } from '../../fakes/mosquitto.ts'
import { newDataDir, startServer } from '../../fakes/server-process.ts'

const addressOf = ({ port }: { port: number }): string => `mqtt://127.0.0.1:${port}`
const both = [{ direction: 'both', filter: '#', quality: 2 }]

describe.skipIf(!hasMosquitto)('a bridge to mosquitto', () => {
  it.each(['5', '3.1.1'])('carries messages both ways in MQTT %s, each once and none back to where it came from', async (version) => {
    const mosquitto = await startMosquitto()
    const here = await openBridgeHouse()
    const id = await here.bridge({ address: addressOf(mosquitto), version, topics: both })
    await here.reaches(id, 'connected')
    const [local, remote] = [await here.client(), await mqttClient(mosquitto.port)]
    await local.client.subscribeAsync('#', { qos: 2 })
    await remote.client.subscribeAsync('#', { qos: 2 })
    for (const qos of [0, 1, 2] as const) {
      await local.client.publishAsync('from/here', `here ${qos}`, { qos })
      await remote.client.publishAsync('from/there', `there ${qos}`, { qos })
    }
    const all = ['here 0', 'here 1', 'here 2', 'there 0', 'there 1', 'there 2']
    await until('all came', () => local.got.length >= 6 && remote.got.length >= 6)
    // A round trip over the bridge: what would have come back has come back.
    await local.client.publishAsync('last', 'last', { qos: 1 })
    await until('the last came', () => remote.got.some(({ topic }) => topic === 'last'))
    await remote.client.publishAsync('back', 'back', { qos: 1 })
    await until('it came back', () => local.got.some(({ topic }) => topic === 'back'))
    for (const { got } of [local, remote])
      expect(
        got
          .map(({ text }) => text)
          .filter((text) => !['last', 'back'].includes(text))
          .sort(),
      ).toEqual(all)
    expect(local.got.find(({ text }) => text === 'there 2')?.packet.qos).toBe(2)
    expect(remote.got.find(({ text }) => text === 'here 2')?.packet.qos).toBe(2)
    expect(await here.shown(id)).toMatchObject({ sent: 4, received: 4, queued: 0, state: 'connected', problem: null })
  })

  it('maps topics by filter and prefixes, and takes nothing else', async () => {
    const mosquitto = await startMosquitto()
    const here = await openBridgeHouse()
    const id = await here.bridge({
      address: addressOf(mosquitto),
      topics: [
        { direction: 'out', filter: '+/state', localPrefix: 'house/', remotePrefix: 'sites/one/' },
        { direction: 'in', filter: 'commands/#', localPrefix: 'cloud/', remotePrefix: 'sites/one/' },
        { direction: 'out', filter: '', localPrefix: 'alarm', remotePrefix: 'alarms/one' },
      ],
    })
    await here.reaches(id, 'connected')
    const [local, remote] = [await here.client(), await mqttClient(mosquitto.port)]
    await local.client.subscribeAsync('cloud/#', { qos: 1 })
    await remote.client.subscribeAsync('#', { qos: 1 })
    for (const topic of ['house/lamp/state', 'house/lamp/other', 'alarm']) await local.client.publishAsync(topic, topic, { qos: 1 })
    for (const topic of ['sites/one/commands/lamp', 'sites/two/commands/lamp']) await remote.client.publishAsync(topic, topic, { qos: 1 })
    await until('they came', () => local.got.length === 1 && remote.got.length === 4)
    expect(local.got.map(({ topic }) => topic)).toEqual(['cloud/commands/lamp'])
    expect(remote.got.map(({ topic }) => topic).filter((topic) => !topic.includes('commands'))).toEqual([
      'sites/one/lamp/state',
      'alarms/one',
    ])
  })

  it('keeps retain flags and the properties of MQTT 5, and takes a retained message away there too', async () => {
    const mosquitto = await startMosquitto()
    const here = await openBridgeHouse()
    const [local, remote] = [await here.client(), await mqttClient(mosquitto.port)]
    // Retained before there was a bridge.
    await local.client.publishAsync('lamp', 'on', { qos: 1, retain: true })
    await remote.client.publishAsync('fan', 'off', { qos: 1, retain: true })
    const id = await here.bridge({ address: addressOf(mosquitto), topics: both })
    await here.reaches(id, 'connected')
    await local.client.publishAsync('asked', 'how warm?', {
      qos: 1,
      properties: {
        contentType: 'text/plain',
        responseTopic: 'answers/1',
        correlationData: Buffer.from([0, 255]),
        messageExpiryInterval: 3_600,
        userProperties: { trace: 'abc' },
      },
    })
    const reader = await mqttClient(mosquitto.port)
    await reader.client.subscribeAsync(['lamp', 'asked'], { qos: 1 })
    await until('the retained one is there', () => reader.got.some(({ topic, packet }) => topic === 'lamp' && packet.retain))
    await local.client.publishAsync('asked', 'again', {
      qos: 1,
      properties: {
        contentType: 'text/plain',
        responseTopic: 'a',
        correlationData: Buffer.from([0, 255]),
        userProperties: { trace: 'abc' },
      },
    })
    await until('the question came', () => reader.got.some(({ text }) => text === 'again'))
    expect(reader.got.find(({ text }) => text === 'again')?.packet.properties).toMatchObject({
      ...{ contentType: 'text/plain', responseTopic: 'a', correlationData: Buffer.from([0, 255]) },
      userProperties: { trace: 'abc' },
    })
    await local.client.subscribeAsync('fan', { qos: 1 })
    await until('theirs is here', () => local.got.some(({ topic, packet }) => topic === 'fan' && packet.retain))
    await local.client.publishAsync('lamp', '', { qos: 1, retain: true })
    await until('it is empty there', () => reader.got.some(({ topic, text }) => topic === 'lamp' && text === ''))
    const late = await mqttClient(mosquitto.port)
    await late.client.subscribeAsync('lamp', { qos: 1 })
    await late.client.publishAsync('lamp', 'live', { qos: 1 })
    await until('the live one came', () => late.got.length > 0)
    expect(late.got.map(({ text }) => text)).toEqual(['live'])
  })

  it.each(['5', '3.1.1'])('lets wait on disk what the other broker is away for, in order, in MQTT %s', async (version) => {
    // More than the usual twenty at once, over which Debian’s mosquitto stumbles for readers that come back.
    const mosquitto = await startMosquitto(['max_inflight_messages 1000'])
    const reader = { clientId: 'reader', clean: false, properties: { sessionExpiryInterval: 600 } }
    const early = await mqttClient(mosquitto.port, reader)
    await early.client.subscribeAsync('#', { qos: 2 })
    early.client.end(true)
    // Killed before it has written it, it would not know the reader.
    await mosquitto.end('SIGTERM')
    const dataDir = temporaryFolder()
    const before = await openBridgeHouse({ dataDir })
    const topics = [
      { direction: 'out', filter: 'log/#', quality: 2 },
      { direction: 'out', filter: 'fleeting', quality: 0 },
    ]
    const id = await before.bridge({ address: addressOf(mosquitto), version, topics })
    expect(await before.reaches(id, 'waiting')).toMatchObject({
      problem: { code: 'connection-refused' },
      nextTryAt: expect.any(String) as unknown,
    })
    const { client } = await before.client()
    for (let each = 0; each < 50; each += 1) await client.publishAsync('log/a', String(each), { qos: 2 })
    await client.publishAsync('fleeting', 'gone', { qos: 1 })
    expect(await before.shown(id)).toMatchObject({ queued: 50 })
    await before.house.stop()

    const here = await openBridgeHouse({ dataDir })
    expect(await here.shown(id)).toMatchObject({ queued: 50 })
    await mosquitto.start()
    await here.house.call(`${here.path}/${id}/connect`, {})
    await here.reaches(id, 'connected')
    const remote = await mqttClient(mosquitto.port, reader)
    await until('all came', async () => (await here.shown(id))['queued'] === 0 && remote.got.length >= 50)
    expect(remote.got.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, each) => String(each)))
  })

  it.each(['5', '3.1.1'])('gets what the other broker kept while this house was down, in MQTT %s', async (version) => {
    const mosquitto = await startMosquitto()
    const dataDir = temporaryFolder()
    const before = await openBridgeHouse({ dataDir })
    const topics = [{ direction: 'in', filter: 'in/#', quality: 2 }]
    const id = await before.bridge({ address: addressOf(mosquitto), version, topics })
    await before.reaches(id, 'connected')
    const listener = { clientId: 'listener', clean: false, properties: { sessionExpiryInterval: 600 } }
    const early = await before.client(listener)
    await early.client.subscribeAsync('#', { qos: 2 })
    early.client.end(true)
    await before.house.stop()
    const remote = await mqttClient(mosquitto.port)
    for (let each = 0; each < 60; each += 1) await remote.client.publishAsync('in/a', String(each), { qos: 2 })
    const here = await openBridgeHouse({ dataDir })
    expect(await here.reaches(id, 'connected')).toMatchObject({ sessionPresent: true })
    await until('all came', async () => (await here.shown(id))['received'] === 60)
    const local = await here.client(listener)
    await until('all are here', () => local.got.length === 60)
    expect(local.got.map(({ text }) => text)).toEqual(Array.from({ length: 60 }, (_, each) => String(each)))
  })

  it('loses nothing when mosquitto is killed again and again while messages go both ways', async () => {
    const mosquitto = await startMosquitto(['max_queued_messages 0'])
    const here = await openBridgeHouse()
    const topics = [
      { direction: 'out', filter: 'out/#', quality: 1 },
      { direction: 'in', filter: 'in/#', quality: 1 },
    ]
    const id = await here.bridge({ address: addressOf(mosquitto), topics })
    await here.reaches(id, 'connected')
    const local = await here.client()
    await local.client.subscribeAsync('in/#', { qos: 1 })
    const arrived = new Set<string>()
    const confirmed: string[] = []
    for (let round = 0; round < 3; round += 1) {
      const remote = await mqttClient(mosquitto.port, { clientId: 'reader', clean: false, properties: { sessionExpiryInterval: 600 } })
      remote.client.on('message', (_, payload) => void arrived.add(payload.toString()))
      await remote.client.subscribeAsync('out/#', { qos: 1 })
      for (let each = 0; each < 40; each += 1) {
        await local.client.publishAsync('out/a', `out ${round} ${each}`, { qos: 1 })
        await remote.client.publishAsync('in/a', `in ${round} ${each}`, { qos: 1 })
        confirmed.push(`in ${round} ${each}`)
      }
      await until('what went out has come', () => arrived.size === (round + 1) * 40)
      await until('what they sent has come', () => new Set(local.got.map(({ text }) => text)).size === (round + 1) * 40)
      remote.client.end(true)
      await mosquitto.end('SIGKILL')
      await here.reaches(id, 'waiting')
      await mosquitto.start()
      await here.house.call(`${here.path}/${id}/connect`, {})
      await here.reaches(id, 'connected')
    }
    expect(new Set(local.got.map(({ text }) => text))).toEqual(new Set(confirmed))
  })

  it('loses nothing and repeats nothing when this house is killed while messages go both ways', async () => {
    const mosquitto = await startMosquitto(['max_inflight_messages 1000', 'max_queued_messages 0'])
    const dataDir = newDataDir()
    const login = { username: 'orders', password: 'secure-password-123' }
    let server = await startServer({ dataDir })
    onTestFinished(() => server.dispose())
    await server.call('/brokers/api/createSession', { method: 'POST', json: { sessionName: 'orders', password: login.password } })
    const topics = [
      { direction: 'out', filter: 'out/#', quality: 2 },
      { direction: 'in', filter: 'in/#', quality: 2 },
    ]
    const path = '/brokers/v1/sessions/orders/bridges'
    await server.call(path, { method: 'POST', json: { name: 'cloud', address: addressOf(mosquitto), topics } })
    const bridge = async (): Promise<Record<string, unknown>> =>
      ((await (await server.call(path)).json()) as { bridges: Record<string, unknown>[] }).bridges[0] ?? {}
    const remote = await mqttClient(mosquitto.port)
    await remote.client.subscribeAsync('out/#', { qos: 2 })
    const kept = { clientId: 'listener', clean: false, properties: { sessionExpiryInterval: 600 }, ...login }
    const url = (): string => (server.ready.apis['brokers']?.url ?? '').replace('http', 'ws')
    const arrived: string[] = []
    // Each costs a start of the server.
    const rounds = [0]
    const total = rounds.length * 60
    for (const round of rounds) {
      await until('it is connected', async () => (await bridge())['state'] === 'connected')
      const local = await mqttClient(url(), kept)
      await local.client.subscribeAsync('in/#', { qos: 2 })
      const writing = Array.from({ length: 60 }, async (_, each) => {
        await local.client.publishAsync('out/a', `out ${round} ${each}`, { qos: 2 })
        await remote.client.publishAsync('in/a', `in ${round} ${each}`, { qos: 2 })
      })
      await Promise.all(writing)
      await server.end('SIGKILL')
      local.client.end(true)
      arrived.push(...local.got.map(({ text }) => text))
      server = await startServer({ dataDir })
    }
    await until('nothing waits', async () => {
      const { state, queued } = await bridge()
      return state === 'connected' && queued === 0
    })
    const last = await mqttClient(url(), kept)
    await until('all came', () => remote.got.length >= total && new Set([...arrived, ...last.got.map(({ text }) => text)]).size >= total)
    const expected = (way: string): string[] =>
      rounds.flatMap((round) => Array.from({ length: 60 }, (_, each) => `${way} ${round} ${each}`))
    expect(remote.got.map(({ text }) => text).sort()).toEqual(expected('out').sort())
    expect(new Set([...arrived, ...last.got.map(({ text }) => text)])).toEqual(new Set(expected('in')))
  })
})

/**
 * One sender and the two receivers that MQTT allows for quality 2 (figure 4.3 of version 3.1.1), each with the state its standard makes it
 * keep over connections, on a server that is killed again and again. Counts what came twice and what never came.
 */
import { generate, parser, type IPublishPacket, type Packet } from 'mqtt-packet'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { newDataDir, startServer, type ServerProcess } from './server-process.ts'
import { until } from './kernel.ts'

export interface ExactlyOnceOptions {
  messages: number
  kills: number
  /** Ms by which the server's disk is late. */
  diskDelay: number
  /** Messages of the sender under way at once. */
  window?: number
  built?: boolean
  onKill?(kill: number): void
  within?: number
}

export interface ExactlyOnceResult {
  /** `missing`: the first of those that never came. */
  receivers: { method: 'A' | 'B'; twice: number; never: number; missing: string[] }[]
  /** Of the messages of quality 1 that went between, which may come twice. */
  neverOfQualityOne: number
  kills: number
}

interface Session {
  sessionName: string
  password: string
}

/** Every so many messages one of quality 1 goes between, so that both kinds share the packet ids. */
const otherEvery = 10

export async function runExactlyOnce({
  messages,
  kills,
  diskDelay,
  window = 2_000,
  built = false,
  onKill,
  within = 60_000,
}: ExactlyOnceOptions): Promise<ExactlyOnceResult> {
  const dataDir = newDataDir()
  const env = {
    SLOW_DISK_MS: String(diskDelay),
    NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, 'slow-disk.mjs')).href}`,
  }
  const start = (): Promise<ServerProcess> => startServer({ dataDir, built, env })
  let server = await start()
  const session = { sessionName: 'orders', password: 'secure-password-123' }
  await server.call('/brokers/api/createSession', { method: 'POST', json: session })
  const receivers = [new Receiver('A', session, 5), new Receiver('B', session, 4)]
  const sender = new Sender(session, messages, window)
  const all = [...receivers, sender]
  try {
    const connect = (clients: readonly KeptClient[] = all): void => {
      for (const client of clients) client.connect(`${server.ready.control.url.replace('http', 'ws')}/brokers/mqtt`)
    }
    connect(receivers)
    // What is published before nobody has to get.
    await until('the receivers listen', () => receivers.every(({ isKnown }) => isKnown), within)
    connect([sender])
    for (let kill = 1; kill <= kills; kill += 1) {
      const share = Math.floor((messages * kill) / (kills + 1))
      await until(
        `a receiver has ${share}`,
        () => receivers.some(({ got }) => got.size >= share) || receivers.every(({ lost }) => lost),
        within,
      )
      for (const client of all) client.pause()
      await server.end('SIGKILL')
      onKill?.(kill)
      server = await start()
      connect()
    }
    await until('all is confirmed', () => sender.isDone, within)
    const queued = async (): Promise<number> =>
      ((await (await server.call('/brokers/v1/sessions/orders')).json()) as { session: { queued: number } }).session.queued
    // What a server mixed up may never come to an end; it is counted then as what it is.
    await until('nothing waits', async () => (await queued()) === 0 && receivers.every(({ isIdle }) => isIdle), within).catch(
      () => undefined,
    )
    return {
      receivers: receivers.map(({ method, got }) => ({
        method,
        twice: [...got.values()].filter((times) => times > 1).length,
        never: messages - got.size,
        missing: sender
          .published()
          .filter((message) => !got.has(message))
          .slice(0, 5),
      })),
      neverOfQualityOne: receivers.reduce((sum, { other }) => sum + Math.floor(messages / otherEvery) - other.size, 0),
      kills,
    }
  } finally {
    for (const client of all) client.end()
    await server.dispose()
  }
}

/** A client whose state outlives its connections. */
abstract class KeptClient {
  protected readonly version: 4 | 5
  #socket: WebSocket | null = null
  #address: string | null = null
  readonly #session: Session
  readonly #clientId: string

  constructor(clientId: string, session: Session, version: 4 | 5) {
    this.#clientId = clientId
    this.#session = session
    this.version = version
  }

  protected abstract connected(isKnown: boolean): void
  protected abstract take(packet: Packet): void

  connect(address: string): void {
    this.#address = address
    const socket = new WebSocket(address, 'mqtt')
    this.#socket = socket
    const packets = parser({ protocolVersion: this.version })
    packets.on('packet', (packet: Packet) => {
      if (socket !== this.#socket) return
      if (packet.cmd === 'connack') this.connected(packet.sessionPresent)
      else this.take(packet)
    })
    socket.on('open', () => {
      const { sessionName, password } = this.#session
      this.send({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: this.version,
        clean: false,
        clientId: this.#clientId,
        keepalive: 0,
        username: sessionName,
        password: Buffer.from(password),
        ...(this.version === 5 ? { properties: { sessionExpiryInterval: 3_600, receiveMaximum: 200 } } : {}),
      })
    })
    socket.on('message', (bytes: Buffer) => void packets.parse(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (socket !== this.#socket) return
      this.#socket = null
      // The server may end a connection of its own; while it is down there is no address.
      setTimeout(() => {
        if (this.#socket === null && this.#address !== null) this.connect(this.#address)
      }, 20)
    })
  }

  /** Until the next `connect`. */
  pause(): void {
    this.#address = null
  }

  end(): void {
    this.pause()
    this.#socket?.terminate()
    this.#socket = null
  }

  protected send(packet: Packet): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(generate(packet, { protocolVersion: this.version }))
  }
}

class Receiver extends KeptClient {
  readonly method: 'A' | 'B'
  /** How often the application had each message of quality 2. */
  readonly got = new Map<string, number>()
  readonly other = new Set<string>()
  /** The server did not know it any more. */
  lost = false
  /** Its subscriptions are made. */
  isKnown = false
  /** A keeps the message until it is released, B only its packet id. */
  readonly #kept = new Map<number, string>()

  constructor(method: 'A' | 'B', session: Session, version: 4 | 5) {
    super(`receiver-${method}`, session, version)
    this.method = method
  }

  get isIdle(): boolean {
    return this.#kept.size === 0
  }

  protected override connected(isKnown: boolean): void {
    if (this.isKnown && !isKnown) this.lost = true
    if (!isKnown)
      this.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [
          { topic: 'two', qos: 2 },
          { topic: 'one', qos: 1 },
        ],
      })
  }

  protected override take(packet: Packet): void {
    if (packet.cmd === 'suback') this.isKnown = true
    else if (packet.cmd === 'publish') this.#published(packet)
    else if (packet.cmd === 'pubrel') {
      const id = packet.messageId ?? 0
      const message = this.#kept.get(id)
      this.#kept.delete(id)
      if (this.method === 'A' && message !== undefined) this.#deliver(message)
      this.send({ cmd: 'pubcomp', messageId: id })
    }
  }

  #published({ qos, messageId: id = 0, payload }: IPublishPacket): void {
    const message = payload.toString()
    if (qos === 1) {
      this.other.add(message)
      this.send({ cmd: 'puback', messageId: id })
      return
    }
    if (!this.#kept.has(id)) {
      this.#kept.set(id, message)
      if (this.method === 'B') this.#deliver(message)
    }
    this.send({ cmd: 'pubrec', messageId: id })
  }

  #deliver(message: string): void {
    this.got.set(message, (this.got.get(message) ?? 0) + 1)
  }
}

class Sender extends KeptClient {
  readonly #messages: number
  readonly #window: number
  #next = 0
  #nextId = 1
  /** By packet id: what is not confirmed, in the order it was sent. */
  readonly #unconfirmed = new Map<number, { payload: string; qos: 1 | 2; released: boolean }>()

  constructor(session: Session, messages: number, window: number) {
    super('sender', session, 5)
    this.#messages = messages
    this.#window = window
  }

  get isDone(): boolean {
    return this.#next >= this.#messages && this.#unconfirmed.size === 0
  }

  /** Of quality 2, all of them once it is done. */
  published(): string[] {
    return Array.from({ length: this.#next }, (_, index) => `m${index + 1}`)
  }

  protected override connected(isKnown: boolean): void {
    if (this.#next > 0 && !isKnown) throw new Error('the server forgot the sender')
    for (const [id, { payload, qos, released }] of this.#unconfirmed) {
      if (released) this.send({ cmd: 'pubrel', messageId: id })
      else this.#publish(id, payload, qos, true)
    }
    this.#sendMore()
  }

  protected override take(packet: Packet): void {
    const id = packet.messageId ?? 0
    const sent = this.#unconfirmed.get(id)
    if (packet.cmd === 'pubrec') {
      if (sent !== undefined) sent.released = true
      this.send({ cmd: 'pubrel', messageId: id })
    } else if (packet.cmd === 'pubcomp' || packet.cmd === 'puback') {
      this.#unconfirmed.delete(id)
      this.#sendMore()
    }
  }

  #sendMore(): void {
    while (this.#unconfirmed.size < this.#window && this.#next < this.#messages) {
      this.#next += 1
      this.#begin(`m${this.#next}`, 2)
      if (this.#next % otherEvery === 0) this.#begin(`o${this.#next}`, 1)
    }
  }

  #begin(payload: string, qos: 1 | 2): void {
    while (this.#unconfirmed.has(this.#nextId)) this.#nextId = (this.#nextId % 65_535) + 1
    const id = this.#nextId
    this.#nextId = (this.#nextId % 65_535) + 1
    this.#unconfirmed.set(id, { payload, qos, released: false })
    this.#publish(id, payload, qos, false)
  }

  #publish(id: number, payload: string, qos: 1 | 2, dup: boolean): void {
    this.send({ cmd: 'publish', topic: qos === 2 ? 'two' : 'one', payload, qos, dup, retain: false, messageId: id })
  }
}

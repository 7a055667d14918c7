/**
 * One connection to another broker, as its client: CONNECT and CONNACK, packets both ways, signs of life, the end. Numbers are those of
 * MQTT 5.
 */
import type { Duplex } from 'node:stream'
import {
  parser,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type ISubackPacket,
  type IUnsubackPacket,
  type Packet,
} from 'mqtt-packet'
import { bridgeMark } from '../connections/mqtt/bridge-marks.ts'
import { encode } from '../connections/mqtt/mqtt-packets.ts'
import { LineProblem, problemOf, refusalOf } from './problems.ts'

/** Bytes of what we take, as everywhere in the brokers. */
const largestPacket = 10_485_760
/** Messages that we take before we have acknowledged any: below what clouds allow. */
export const takesAtOnce = 100
/** What a broker without the words for it (MQTT 3.1.1) is sent before it has acknowledged any; clouds cut who sends more. */
const sendsAtOnce = 100
/** Unsent bytes above which nothing more is given to the line. */
const pauseAbove = 262_144

export interface Greeting {
  version: '3.1.1' | '5'
  /** In MQTT 3.1.1: says that it is a bridge, as Mosquitto does. Some brokers do not let that in. */
  asBridge: boolean
  clientId: string
  username: string | null
  password: string | null
  keepAlive: number
  sessionExpiry: number
  clean: boolean
}

/** What the other broker has agreed to (3.2.2.3). */
export interface Agreement {
  sessionPresent: boolean
  receiveMaximum: number
  maximumPacketSize: number
  maximumQuality: 0 | 1 | 2
  retains: boolean
  /** Seconds. */
  keepAlive: number
}

export type Answer = Extract<Packet, { cmd: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' }>

export interface LineHooks {
  onPublish(packet: IPublishPacket): void
  onAnswer(packet: Answer): void
  /** There is room again. */
  onDrained(): void
  /** Once, whoever ended it. */
  onEnded(problem: LineProblem): void
}

export class Line {
  readonly version: 4 | 5
  agreement: Agreement = {
    ...{ sessionPresent: false, receiveMaximum: sendsAtOnce, maximumPacketSize: Infinity, maximumQuality: 2, retains: true, keepAlive: 0 },
  }
  #hooks: LineHooks | null = null
  /** What came with CONNACK, before anybody was there for it. */
  #early: Packet[] = []
  readonly #stream: Duplex
  readonly #now: () => number
  /** By packet id: who waits for SUBACK or UNSUBACK. */
  readonly #asked = new Map<number, (packet: ISubackPacket | IUnsubackPacket) => void>()
  readonly #ended = Promise.withResolvers<never>()
  #greeted: ((packet: IConnackPacket) => void) | null = null
  #end: LineProblem | null = null
  #unparsed = 0
  #heardAt: number
  #saidAt: number
  #pingedAt: number | null = null
  #pulse: NodeJS.Timeout | undefined

  constructor(stream: Duplex, version: '3.1.1' | '5', now: () => number) {
    this.#stream = stream
    this.version = version === '5' ? 5 : 4
    this.#now = now
    this.#heardAt = this.#saidAt = now()
    // Who waits for nothing must not be told of the end by the process.
    this.#ended.promise.catch(() => undefined)
    const read = parser({ protocolVersion: this.version })
    read.on('packet', (packet) => this.#onPacket(packet))
    read.on('error', ({ message }) => this.end(new LineProblem('not-mqtt', `The other broker sent what is no MQTT: ${message}`)))
    stream.on('data', (bytes: Buffer) => {
      this.#heardAt = now()
      this.#pingedAt = null
      this.#unparsed += bytes.length
      try {
        read.parse(bytes)
      } catch {
        // The parser throws on some packets that it should report.
        this.end(new LineProblem('not-mqtt', 'The other broker sent what is no MQTT'))
      }
      if (this.#unparsed > largestPacket + 5) this.end(new LineProblem('message-refused', 'The other broker sent a message above 10 MiB'))
    })
    stream.on('drain', () => this.#hooks?.onDrained())
    stream.on('error', (error) => this.end(problemOf(error)))
    stream.on('close', () => this.end(new LineProblem('closed', closedWords[this.#greeted === null ? 'later' : 'before'])))
  }

  /** From now on somebody is there for what comes. The line may be over already; then it is told so at once. */
  serve(hooks: LineHooks): void {
    this.#hooks = hooks
    if (this.#end !== null) return hooks.onEnded(this.#end)
    for (const packet of this.#early.splice(0)) this.#onPacket(packet)
  }

  get isOver(): boolean {
    return this.#end !== null
  }

  get hasRoom(): boolean {
    return this.#end === null && this.#stream.writableLength < pauseAbove
  }

  /** Rejects with the line's problem when it is not let in, or the line ends before. */
  async greet({ asBridge, clientId, username, password, keepAlive, sessionExpiry, clean }: Greeting): Promise<Agreement> {
    const isFive = this.version === 5
    const connack = new Promise<IConnackPacket>((resolve) => (this.#greeted = resolve))
    this.write(
      encode(
        {
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion: this.version,
          ...(asBridge && !isFive ? { bridgeMode: true } : {}),
          ...{ clientId, clean, keepalive: keepAlive },
          ...(username === null && password === null ? {} : { username: username ?? '' }),
          ...(password === null ? {} : { password: Buffer.from(password) }),
          ...(isFive
            ? {
                properties: {
                  sessionExpiryInterval: sessionExpiry,
                  receiveMaximum: takesAtOnce,
                  maximumPacketSize: largestPacket,
                  userProperties: { [bridgeMark]: '1' },
                },
              }
            : {}),
        } satisfies IConnectPacket,
        this.version,
      ),
    )
    const packet = await Promise.race([connack, this.#ended.promise])
    const code = packet.reasonCode ?? packet.returnCode ?? 0
    const { reasonString, serverReference, ...agreed } = packet.properties ?? {}
    if (code !== 0) throw this.end(refusalOf(code, reasonString, serverReference))
    this.agreement = {
      sessionPresent: packet.sessionPresent,
      receiveMaximum: Math.min(agreed.receiveMaximum ?? (isFive ? 65_535 : sendsAtOnce), 1_000),
      maximumPacketSize: agreed.maximumPacketSize ?? Infinity,
      maximumQuality: agreed.maximumQoS === 0 ? 0 : agreed.maximumQoS === 1 ? 1 : 2,
      retains: agreed.retainAvailable ?? true,
      keepAlive: agreed.serverKeepAlive ?? keepAlive,
    }
    this.#pulse = setInterval(() => this.check(), 1_000)
    this.#pulse.unref()
    return this.agreement
  }

  /** SUBSCRIBE or UNSUBSCRIBE, and the codes of the answer. `packetId` must be one that nothing uses. */
  async ask(packet: Packet & { cmd: 'subscribe' | 'unsubscribe' }, packetId: number): Promise<{ codes: readonly number[]; words: string }> {
    const answered = new Promise<ISubackPacket | IUnsubackPacket>((resolve) => this.#asked.set(packetId, resolve))
    this.write(encode({ ...packet, messageId: packetId }, this.version))
    const answer = await Promise.race([answered, this.#ended.promise])
    const granted: unknown = answer.granted
    return { codes: Array.isArray(granted) ? granted.map(Number) : [], words: answer.properties?.reasonString ?? '' }
  }

  write(packet: Buffer): void {
    if (this.#end !== null) return
    this.#saidAt = this.#now()
    this.#stream.write(packet)
  }

  /** Reads on, or not: the other broker then keeps what it has. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#stream.pause()
    else this.#stream.resume()
  }

  /** Once a second. A line is dead when it says nothing for half a keep alive after it was asked (3.1.2-22 turned round). */
  check(): void {
    const { keepAlive } = this.agreement
    if (keepAlive === 0 || this.#end !== null) return
    const now = this.#now()
    const patience = Math.max(5_000, keepAlive * 500)
    // While we do not read, what it says cannot be heard.
    if (this.#pingedAt !== null && now - this.#pingedAt > patience && !this.#stream.isPaused())
      return void this.end(new LineProblem('silent', 'The other broker has fallen silent: it did not answer a ping'))
    const isDue = now - this.#saidAt >= keepAlive * 900 || now - this.#heardAt >= keepAlive * 900
    if (!isDue || this.#pingedAt !== null) return
    this.#pingedAt = now
    this.write(encode({ cmd: 'pingreq' }, this.version))
  }

  /** DISCONNECT, and the end. `forget`: the other broker need not keep anything for us. */
  leave(forget = false): void {
    if (this.#end !== null) return
    const asked = this.version === 5 && forget ? { properties: { sessionExpiryInterval: 0 } } : {}
    this.write(encode({ cmd: 'disconnect', ...(this.version === 5 ? { reasonCode: 0 } : {}), ...asked }, this.version))
    this.#over(new LineProblem('closed', 'The bridge was ended'))
    this.#stream.end()
    // Who does not read does not end either.
    setTimeout(() => this.#stream.destroy(), 1_000).unref()
  }

  /** Returns the problem for which the line ended, which may be an earlier one. */
  end(problem: LineProblem): LineProblem {
    if (this.#end !== null) return this.#end
    this.#over(problem)
    this.#stream.destroy()
    return problem
  }

  #over(problem: LineProblem): void {
    this.#end = problem
    clearInterval(this.#pulse)
    this.#ended.reject(problem)
    this.#hooks?.onEnded(problem)
  }

  #onPacket(packet: Packet): void {
    this.#unparsed = 0
    if (this.#end !== null) return
    const hooks = this.#hooks
    if (hooks === null && packet.cmd !== 'connack' && packet.cmd !== 'disconnect') {
      if (this.#greeted === null) this.#early.push(packet)
      else this.end(new LineProblem('not-mqtt', `The other broker sent a ${packet.cmd} before it let us in`))
      return
    }
    switch (packet.cmd) {
      case 'connack':
        this.#greeted?.(packet)
        this.#greeted = null
        return
      case 'publish':
        return hooks?.onPublish(packet)
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        return hooks?.onAnswer(packet)
      case 'suback':
      case 'unsuback':
        this.#asked.get(packet.messageId ?? 0)?.(packet)
        this.#asked.delete(packet.messageId ?? 0)
        return
      case 'disconnect': {
        const { reasonString, serverReference } = packet.properties ?? {}
        return void this.end(refusalOf(packet.reasonCode ?? 0x80, reasonString, serverReference))
      }
      case 'pingresp':
        return
      default:
        this.end(new LineProblem('not-mqtt', `The other broker sent a ${packet.cmd}, which only clients send`))
    }
  }
}

const closedWords = {
  before: 'The other broker closed the connection without an answer',
  later: 'The other broker closed the connection',
}

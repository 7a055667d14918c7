/** An MQTT client of packets: nothing happens by itself, so that a test can leave out, repeat and delay what a library would do. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  generate,
  parser,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type ISubackPacket,
  type Packet,
} from 'mqtt-packet'
import { onTestFinished } from 'vitest'
import { until } from './kernel.ts'

export class PacketClient {
  readonly packets: Packet[] = []
  isClosed = false
  #read = 0
  readonly #socket: Socket
  readonly #version: 4 | 5

  private constructor(socket: Socket, version: 4 | 5) {
    this.#socket = socket
    this.#version = version
    const packets = parser({ protocolVersion: version })
    packets.on('packet', (packet) => void this.packets.push(packet))
    packets.on('error', () => undefined)
    socket.on('data', (bytes) => void packets.parse(bytes))
    socket.on('close', () => (this.isClosed = true))
    socket.on('error', () => undefined)
  }

  static async open(port: number, version: 4 | 5 = 5): Promise<PacketClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    const client = new PacketClient(socket, version)
    onTestFinished(() => void socket.destroy())
    return client
  }

  /** Logged in; `connack` is what the server said. */
  static async join(
    port: number,
    { sessionName, password }: { sessionName: string; password: string },
    options: Partial<IConnectPacket> = {},
    version: 4 | 5 = 5,
  ): Promise<{ client: PacketClient; connack: IConnackPacket }> {
    const client = await PacketClient.open(port, version)
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clean: true,
      clientId: '',
      keepalive: 0,
      username: sessionName,
      password: Buffer.from(password),
      ...options,
    })
    return { client, connack: (await client.next('connack')) as IConnackPacket }
  }

  send(packet: Packet): void {
    this.#socket.write(generate(packet, { protocolVersion: this.#version }))
  }

  raw(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  async subscribe(topic: string, qos: 0 | 1 | 2, options: { nl?: boolean; rap?: boolean; rh?: 0 | 1 | 2 } = {}): Promise<ISubackPacket> {
    this.send({ cmd: 'subscribe', messageId: 60_000, subscriptions: [{ topic, qos, nl: false, rap: false, rh: 0, ...options }] })
    return (await this.next('suback')) as ISubackPacket
  }

  publish(
    topic: string,
    payload: string,
    { qos, messageId, ...rest }: { qos: 0 | 1 | 2; messageId?: number } & Partial<IPublishPacket>,
  ): void {
    this.send({
      cmd: 'publish',
      topic,
      payload,
      qos,
      dup: false,
      retain: false,
      ...(messageId === undefined ? {} : { messageId }),
      ...rest,
    })
  }

  /** The next packet of a kind; what came before it is passed over. */
  async next(cmd: Packet['cmd']): Promise<Packet> {
    let found: Packet | undefined
    await until(`a ${cmd}`, () => {
      while (found === undefined && this.#read < this.packets.length) {
        const packet = this.packets[this.#read]
        this.#read += 1
        if (packet?.cmd === cmd) found = packet
      }
      return found !== undefined
    })
    if (found === undefined) throw new Error('unreachable')
    return found
  }

  async message(): Promise<IPublishPacket> {
    return (await this.next('publish')) as IPublishPacket
  }

  async ended(): Promise<void> {
    await until('the end of the connection', () => this.isClosed)
  }

  /** Takes nothing from the line until `listenAgain`. */
  listenNoMore(): void {
    this.#socket.pause()
  }

  listenAgain(): void {
    this.#socket.resume()
  }

  /** Nothing more will come from here; what was sent still arrives. */
  finish(): void {
    this.#socket.end()
  }

  /** As a cable that was cut. */
  cut(): void {
    this.#socket.destroy()
  }

  ofKind(cmd: Packet['cmd']): Packet[] {
    return this.packets.filter((packet) => packet.cmd === cmd)
  }
}

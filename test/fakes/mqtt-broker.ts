/** Another broker, of packets: it answers what a test tells it to, also what no good broker would. */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { generate, parser, type IConnackPacket, type IPublishPacket, type Packet } from 'mqtt-packet'
import { onTestFinished } from 'vitest'
import { until } from './kernel.ts'

/** One connection to it. */
export class BrokerSide {
  readonly packets: Packet[] = []
  version: 4 | 5 = 5
  isClosed = false
  readonly socket: Socket
  #read = 0

  constructor(socket: Socket, onPacket: (packet: Packet, side: BrokerSide) => void) {
    this.socket = socket
    const packets = parser()
    packets.on('packet', (packet) => {
      if (packet.cmd === 'connect') this.version = packet.protocolVersion === 5 ? 5 : 4
      this.packets.push(packet)
      onPacket(packet, this)
    })
    packets.on('error', () => socket.destroy())
    socket.on('data', (bytes) => void packets.parse(bytes))
    socket.on('close', () => (this.isClosed = true))
    socket.on('error', () => undefined)
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.version }))
  }

  /** The next packet of that kind which was not asked for before. */
  async next<Kind extends Packet['cmd']>(cmd: Kind): Promise<Packet & { cmd: Kind }> {
    await until(`a ${cmd} comes`, () => this.packets.slice(this.#read).some((packet) => packet.cmd === cmd))
    const index = this.packets.findIndex((packet, at) => at >= this.#read && packet.cmd === cmd)
    this.#read = index + 1
    return this.packets[index] as Packet & { cmd: Kind } // found by its kind
  }

  published(): IPublishPacket[] {
    return this.packets.filter((packet) => packet.cmd === 'publish')
  }
}

export interface PacketBroker {
  port: number
  sides: BrokerSide[]
  /** The newest connection once there are so many. */
  side(count: number): Promise<BrokerSide>
}

export interface Manners {
  /** Null: no answer at all. */
  connack?: Partial<IConnackPacket> | null
  /** Answers to SUBSCRIBE; granted as asked for when left out. */
  granted?: readonly number[]
  /** Acknowledges what is published. */
  acknowledges?: boolean
  answersPings?: boolean
  tls?: TlsOptions
  onPacket?(packet: Packet, side: BrokerSide): void
}

export async function startPacketBroker(manners: Manners = {}): Promise<PacketBroker> {
  const sides: BrokerSide[] = []
  const welcome = (socket: Socket): void => void sides.push(new BrokerSide(socket, (packet, side) => answer(packet, side, manners)))
  const server: Server = manners.tls === undefined ? createServer(welcome) : createTlsServer(manners.tls, welcome)
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const { socket } of sides) socket.destroy()
    server.close()
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new Error('it listens on no port')
  return {
    port: bound.port,
    sides,
    async side(count) {
      await until(`there are ${count} connections`, () => sides.length >= count)
      const side = sides[count - 1]
      if (side === undefined) throw new Error('no connection')
      return side
    },
  }
}

function answer(packet: Packet, side: BrokerSide, manners: Manners): void {
  const { connack = {}, granted, acknowledges = true, answersPings = true, onPacket } = manners
  const messageId = packet.messageId ?? 0
  if (packet.cmd === 'connect' && connack !== null)
    side.send({ cmd: 'connack', sessionPresent: false, ...(side.version === 5 ? { reasonCode: 0 } : { returnCode: 0 }), ...connack })
  if (packet.cmd === 'subscribe')
    side.send({ cmd: 'suback', messageId, granted: [...(granted ?? packet.subscriptions.map(({ qos }) => qos))] })
  if (packet.cmd === 'unsubscribe') side.send({ cmd: 'unsuback', messageId, granted: packet.unsubscriptions.map(() => 0) })
  if (packet.cmd === 'publish' && packet.qos > 0 && acknowledges) side.send({ cmd: packet.qos === 1 ? 'puback' : 'pubrec', messageId })
  if (packet.cmd === 'pubrel' && acknowledges) side.send({ cmd: 'pubcomp', messageId })
  if (packet.cmd === 'pingreq' && answersPings) side.send({ cmd: 'pingresp' })
  onPacket?.(packet, side)
}

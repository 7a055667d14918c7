/** MQTT over plain TCP for clients that know no WebSocket, on a port of its own that is off until somebody chooses one. */
import { createServer, type Server, type Socket } from 'node:net'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import type { Settings } from '../../../config/settings.ts'
import type { SettingsSource } from '../../../config/source.ts'
import type { Egress } from '../../../http/egress.ts'
import { plainAddress } from '../../../http/network.ts'
import { containEvents, escape } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import { ClientConnection } from '../shared/client-connection.ts'
import { MqttCodec } from './mqtt-codec.ts'
import type { Clients } from '../../clients.ts'
import { tcpWire } from '../shared/wire.ts'

/** Why the port is not open. */
export interface MqttProblem {
  since: number
  port: number
  /** Null when another program has it. */
  error: string | null
}

export class MqttListener {
  problem: MqttProblem | null = null
  #server: Server | null = null
  readonly #sockets = new Set<Socket>()
  readonly #clients: Clients
  readonly #settings: SettingsSource
  readonly #log: Log
  readonly #egress: Pick<Egress, 'addListener'>
  #endWatch: (() => void) | null = null
  readonly #changes = createSerialQueue()

  constructor(clients: Clients, settings: SettingsSource, log: Log, egress: Pick<Egress, 'addListener'>) {
    this.#clients = clients
    this.#settings = settings
    this.#log = log
    this.#egress = egress
  }

  /** The port it listens on; null while it does not. */
  get port(): number | null {
    const address = this.#server?.address()
    return typeof address === 'object' && address !== null ? address.port : null
  }

  async start(): Promise<void> {
    this.#endWatch = this.#settings.onChange((now, before) => {
      if (now.brokers.mqttPort !== before.brokers.mqttPort || now.apis.brokers.openTo !== before.apis.brokers.openTo)
        void this.#changes.run(() => this.#follow(now)).catch(escape)
    })
    await this.#follow(this.#settings.current())
  }

  async stop(): Promise<void> {
    this.#endWatch?.()
    await this.#changes.settled()
    await this.#close()
  }

  async #follow({ brokers: { mqttPort }, apis }: Settings): Promise<void> {
    await this.#close()
    this.problem = null
    if (mqttPort === 'off') return
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => this.#welcome(socket))
    await new Promise<void>((resolve) => {
      server.on('error', (error: NodeJS.ErrnoException) => {
        // Then it is about a single connection that could not be accepted; the port stays open.
        if (server.listening)
          return this.#log.warn({ port: mqttPort, error: error.message }, 'a client of MQTT over TCP could not be accepted')
        this.problem = {
          since: this.#clients.clock.now(),
          port: mqttPort,
          error: error.code === 'EADDRINUSE' ? null : error.message,
        }
        this.#log.warn({ port: mqttPort, error: error.message }, 'MQTT over TCP could not start')
        resolve()
      })
      server.listen({ port: mqttPort, host: apis.brokers.openTo === 'lan' ? '0.0.0.0' : '127.0.0.1' }, () => {
        this.#server = server
        server.once('close', this.#egress.addListener(this.port ?? mqttPort))
        resolve()
      })
    })
  }

  #welcome(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress)
    containEvents({ room: 'brokers', kind: 'client', id: address, escaped: () => socket.destroy() }, socket)
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // A reset is followed by `close`, which is all that matters here.
    socket.on('error', () => undefined)
    const wire = tcpWire(socket, address)
    wire.listen(new ClientConnection(wire, this.#clients, (connection) => new MqttCodec(connection)))
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroySoon()
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy()
    }, 250)
    await closed
    clearTimeout(cut)
  }
}

/**
 * A WhatsApp server on the loopback interface: the real library pairs, logs in and writes through it. Its bad manners are knobs, by
 * subject, in the parts it is made of.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BinaryNode } from 'baileys'
import { WebSocketServer } from 'ws'
import { Acks } from './acks.ts'
import { createAccounts, lidOf, type Account, type Accounts, type Device, type Group } from './accounts.ts'
import { AppState } from './app-state.ts'
import { Backlog } from './backlog.ts'
import { Calls } from './calls.ts'
import { Channels } from './channels.ts'
import { Connection, type Greeting } from './connection.ts'
import { Deliveries } from './deliveries.ts'
import { Groups } from './groups.ts'
import { answerIq } from './iqs.ts'
import { Logins } from './logins.ts'
import { Lookups } from './lookups.ts'
import type { MediaServer } from './media.ts'
import { createServerIdentity, trust, type ServerIdentity } from './noise.ts'
import { child, node, seconds, server } from './nodes.ts'
import { Pairing, type PairingOutcome } from './pairing.ts'
import { answerPhone } from './phone-route.ts'
import { Profiles } from './profiles.ts'
import { Presences } from './presences.ts'
import { Restrictions } from './restrictions.ts'
import { Reuploads } from './reuploads.ts'
import type { TraceRecorder } from './trace.ts'
import { acknowledge, acknowledgeByReceipt, acknowledgement, routeChatState, routeMessage, routeReceipt } from './routing.ts'

export interface DoubleOptions {
  port?: number
  /** Where pictures and files go; nowhere when left out. */
  media?: MediaServer
}

export class WhatsAppDouble {
  readonly accounts: Accounts = createAccounts()
  readonly identity: ServerIdentity = createServerIdentity()
  /** What went wrong inside; a test expects it empty. */
  readonly errors: unknown[] = []
  /** Connections made so far, and when (ms). */
  readonly connectedAt: number[] = []
  readonly pairing = new Pairing(this.accounts)
  readonly logins = new Logins()
  readonly lookups = new Lookups()
  readonly acks = new Acks()
  readonly deliveries = new Deliveries()
  readonly backlog = new Backlog()
  readonly groups = new Groups(this.accounts, this.deliveries)
  readonly channels = new Channels(this.accounts, this.deliveries)
  readonly restrictions = new Restrictions(this.deliveries)
  readonly calls = new Calls(this.accounts, this.deliveries)
  readonly presences = new Presences(this.accounts)
  readonly profiles = new Profiles(this.accounts, this.deliveries)
  readonly appState = new AppState(this.deliveries)
  readonly reuploads = new Reuploads(this.deliveries)
  readonly recorders = new Set<TraceRecorder>()
  readonly #connections = new Map<Connection, Device | null>()
  readonly #sockets: WebSocketServer
  readonly #http: Server
  readonly #media: MediaServer | null
  #waitMs = 0
  #cutInto = 0
  #isMuted: (request: BinaryNode) => boolean = () => false
  /** What is answered in place of the right answer; null leaves that. */
  instead: (request: BinaryNode) => BinaryNode | null = () => null

  private constructor(http: Server, media: MediaServer | null) {
    this.#http = http
    this.#sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
    this.#media = media
    http.on('request', (request: IncomingMessage, response: ServerResponse) => void answerPhone(this, request, response))
    this.#sockets.on('connection', (socket) => {
      this.connectedAt.push(performance.now())
      const connection = new Connection({
        identity: this.identity,
        socket,
        delay: () => this.#waitMs,
        cut: () => this.#cutInto,
        onGreeting: (from, greeting) => this.#greet(from, greeting),
        onNode: (from, request) => this.#take(from, request),
        onTraffic: (over, from, what) => this.recorders.forEach((recorder) => recorder.take(over, from, what)),
        onClosed: (from) => this.#forget(from),
        onError: (error) => void this.errors.push(error),
      })
      this.#connections.set(connection, null)
    })
  }

  static async start({ port = 0, media }: DoubleOptions = {}): Promise<WhatsAppDouble> {
    const http = createServer()
    await new Promise<void>((resolve, reject) => http.once('error', reject).listen(port, '127.0.0.1', resolve))
    const double = new WhatsAppDouble(http, media ?? null)
    trust(double.identity)
    return double
  }

  get url(): string {
    // A listening TCP server has an address with a port.
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/ws/chat`
  }

  async stop(): Promise<void> {
    this.dropAll()
    this.#sockets.close()
    this.#http.closeAllConnections()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  /** Somebody types the code (with or without its dash) on the phone with this number. */
  enterCode(number: string, code: string): Promise<PairingOutcome> {
    return this.pairing.enterCode(number, code.replace('-', ''))
  }

  /** Somebody scans the QR code with the phone of this number. */
  scanQr(number: string, qr: string): Promise<PairingOutcome> {
    return this.pairing.scan(number, qr)
  }

  /** The person removes the linked device on the phone. */
  removeDevice(device: Device): void {
    device.account.devices.delete(device.id)
    device.connection?.send(node('stream:error', { code: '401' }, [node('conflict', { type: 'device_removed' })]))
    device.connection?.close()
  }

  /** Another program logs in with the same link. */
  replace(device: Device): void {
    device.connection?.send(node('stream:error', {}, [node('conflict', { type: 'replaced' })]))
    device.connection?.close()
  }

  /** The network goes away: TCP ends without a word. */
  dropAll(): void {
    for (const connection of this.#connections.keys()) connection.cut()
  }

  /** Requests for a pairing code are answered with this error; 0 ends that. */
  refuse(code: number): void {
    this.pairing.refuseWith = code
  }

  /** Logins are answered with this failure; 0 ends that. */
  refuseLogin(code: number): void {
    if (code === 0) this.logins.allow()
    else this.logins.refuse(code)
  }

  /** Requests for which this holds stay without an answer, though their effect is had by nobody. */
  mute(isMuted: (request: BinaryNode) => boolean): void {
    this.#isMuted = isMuted
  }

  unmute(): void {
    this.#isMuted = () => false
  }

  /** Ms before each thing the server says. */
  delay(ms: number): void {
    this.#waitMs = ms
  }

  /** What the server says comes in WebSocket messages of so many bytes, wherever a frame ends; 0 ends that. */
  cutFrames(bytes: number): void {
    this.#cutInto = bytes
  }

  demandPasskey = (number: string): void => void this.pairing.passkeyNumbers.add(number)

  addGroup = (group: Group): void => this.accounts.addGroup(group)

  account = (number: string): Account => this.accounts.of(number)

  /** The devices that are logged in now. */
  online(): Device[] {
    return [...this.#connections.values()].filter((device) => device !== null)
  }

  #greet(connection: Connection, greeting: Greeting): void {
    const { payload, noiseKey } = greeting
    if (payload.username == null || Number(payload.username) === 0) return this.pairing.greet(connection, greeting)
    const device = this.accounts.of(String(payload.username)).devices.get(payload.device ?? 0)
    const isUnlinked = device === undefined || !device.noiseKey.equals(noiseKey)
    const end = this.logins.judge(payload) ?? (isUnlinked ? node('failure', { reason: '401', location: 'loopback' }) : null)
    if (device === undefined || end !== null) {
      if (end !== null) connection.send(end)
      return connection.close()
    }
    this.#logIn(connection, device)
  }

  #logIn(connection: Connection, device: Device): void {
    if (device.connection !== null) this.replace(device)
    device.connection = connection
    this.#connections.set(connection, device)
    connection.send(node('success', { t: seconds(), lid: lidOf(device), props: '0', location: 'loopback' }))
    this.backlog.open(device)
  }

  #take(connection: Connection, request: BinaryNode): void {
    const device = this.#connections.get(connection) ?? null
    if (request.tag === 'iq') this.#takeIq(connection, device, request)
    else if (device === null) return
    else if (request.tag === 'message') this.#takeMessage(request, device)
    else if (request.tag === 'receipt') {
      acknowledgeByReceipt(request, device)
      if (request.attrs['type'] === 'server-error') this.reuploads.take(request, device)
      routeReceipt(request, device, this)
    } else if (request.tag === 'chatstate') routeChatState(request, device, this)
    else if (request.tag === 'ack') acknowledge(request, device)
    else if (request.tag === 'ib' && child(request, 'offline_batch') !== undefined) this.backlog.deliver(device)
    else if (request.tag === 'presence') this.presences.take(request, device)
    else if (request.tag === 'call') this.calls.take(request, device)
  }

  #takeMessage(message: BinaryNode, device: Device): void {
    if (this.channels.take(message, device)) return
    const { ack, isDelivered } = this.acks.judge(message.attrs['to'] ?? '')
    if (ack !== 'none') device.connection?.send(acknowledgement(message, ack === 'plain' ? null : ack))
    if (isDelivered) routeMessage(message, device, this)
  }

  #takeIq(connection: Connection, device: Device | null, request: BinaryNode): void {
    if (this.#isMuted(request)) return
    if (request.attrs['type'] === 'result') {
      this.pairing.signed(connection, request)
      return
    }
    if (device === null) {
      if (!this.pairing.take(connection, request))
        connection.send(node('iq', { from: server, type: 'result', id: request.attrs['id'] ?? '' }))
      return
    }
    connection.send(
      this.instead(request) ??
        answerIq(request, device, {
          accounts: this.accounts,
          lookups: this.lookups,
          profiles: this.profiles,
          parts: [this.groups, this.channels, this.restrictions, this.appState, this.profiles],
          mediaHost: this.#media?.host ?? null,
          removeDevice: (removed) => this.removeDevice(removed),
        }),
    )
  }

  #forget(connection: Connection): void {
    const device = this.#connections.get(connection)
    if (device?.connection === connection) device.connection = null
    this.#connections.delete(connection)
    this.pairing.forget(connection)
  }
}

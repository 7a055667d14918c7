/**
 * A client's connection, whatever it speaks: its login with a deadline, its place in a session, how much it is sent and read from, signs of
 * life, an end with a reason. What is said on it is its codec's.
 */
import { contained, type Scope } from '../../../isolation.ts'
import { Lifecycle } from '../../../lifecycle.ts'
import type { AttachedClient, Attachment } from '../../engine/broker-engine.ts'
import type { Delivery, EndReason, HowDelivered, Message, Protocol, Receipt } from '../../engine/types.ts'
import type { Clients, Connection, SessionFacts } from '../../clients.ts'
import type { Access } from '../../access/access.ts'
import { LimitedAttachment } from '../../access/limited-attachment.ts'
import { underItsName } from '../../access/named-login.ts'
import { Backpressure } from './backpressure.ts'
import { closeCodes, type CloseReason } from './close-codes.ts'
import type { Codec, Login, Place } from './codec.ts'
import { connectionLifecycle, type ConnectionEvent, type ConnectionFacts, type ConnectionState } from './connection-lifecycle.ts'
import { Heartbeat } from './heartbeat.ts'
import type { Wire, WireListener } from './wire.ts'

const loginTime = 10_000
/** Ms for a peer to answer the closing; then the line is cut. */
const closingTime = 2_000
/** Frames or packets that a client may send ahead while its login is checked. */
const aheadAtMost = 1_000
/** Of who has not said which session's policy counts. */
const evictAfterByDefault = 30_000
/** With a will kept, it outlives the server and is published at its next start. */
const keepsWill: readonly EndReason[] = ['shutdown', 'dropped']

export class ClientConnection implements AttachedClient, Connection, WireListener {
  readonly id: number
  readonly address: string
  readonly connectedAt: number
  readonly scope: Scope
  readonly failed: (error: unknown) => void
  name = ''
  readonly clients: Clients
  readonly wire: Wire
  readonly backpressure: Backpressure
  readonly heartbeat: Heartbeat
  readonly #codec: Codec
  readonly #lifecycle: Lifecycle<ConnectionState, ConnectionEvent, ConnectionFacts>
  readonly #openedAt: number
  /** Where it stands; null while it is in no session. */
  #current: Place | null = null
  #closingSince = 0
  /** What came while its login was checked. */
  #ahead: (() => void)[] = []

  constructor(wire: Wire, clients: Clients, newCodec: (connection: ClientConnection) => Codec) {
    this.wire = wire
    this.clients = clients
    this.id = clients.newConnectionId()
    this.address = wire.address
    this.connectedAt = clients.clock.now()
    this.#openedAt = clients.clock.monotonic()
    this.scope = this.#newScope()
    this.failed = contained(this.scope, (error: unknown): never => {
      throw error
    })
    const now = (): number => clients.clock.monotonic()
    this.backpressure = new Backpressure(wire, now)
    this.heartbeat = new Heartbeat(wire, now)
    this.#lifecycle = new Lifecycle(connectionLifecycle, {
      facts: () => ({ isAttached: this.#current !== null }),
      onTransition: () => undefined,
      onIllegal: (state, event) => clients.reportInternalError(new Error(`a broker connection that is ${state} cannot take ${event}`)),
    })
    this.#codec = newCodec(this)
    clients.connections.add(this)
  }

  get place(): Place | null {
    return this.#current
  }

  get attachment(): Attachment | null {
    return this.#current?.attachment ?? null
  }

  /** The rules of a named client; null for who has the session's own password, and outside of one. */
  get access(): Access | null {
    return this.#current?.access ?? null
  }

  get session(): SessionFacts | null {
    return this.#current?.session ?? null
  }

  get protocol(): Protocol {
    return this.#codec.protocol
  }

  get state(): ConnectionState {
    return this.#lifecycle.state
  }

  get isOver(): boolean {
    return this.state === 'closing' || this.state === 'closed'
  }

  get isStalled(): boolean {
    return this.backpressure.isStalled
  }

  // From the wire

  data(bytes: Buffer, isBinary: boolean): void {
    this.heartbeat.onActivity()
    this.backpressure.beforeRead()
    if (this.isOver) return
    this.#codec.onBytes(bytes, isBinary)
    this.backpressure.afterRead()
  }

  alive(): void {
    this.heartbeat.onActivity()
    this.backpressure.beforeRead()
    this.backpressure.afterRead()
  }

  drained(): void {
    this.backpressure.drained()
    this.attachment?.resume()
  }

  closed(): void {
    this.clients.connections.delete(this)
    this.#lifecycle.handle('line-lost')
    this.backpressure.drained()
    this.#leave()
  }

  // From the engine

  ready(): boolean {
    return this.state === 'connected' && this.#codec.hasRoom() && this.backpressure.hasRoom()
  }

  listens(): boolean {
    return this.state === 'connected' && this.backpressure.hasRoom()
  }

  send(delivery: Delivery): boolean {
    return this.#codec.send(delivery)
  }

  sendOnce(message: Message, how: HowDelivered, retained: boolean): void {
    this.#codec.sendOnce(message, how, retained)
  }

  log(text: string, at: number): void {
    this.#codec.log(text, at)
  }

  relay(frame: Buffer): boolean {
    return this.#codec.relay(frame)
  }

  whenDrained(callback: () => void): void {
    this.backpressure.whenDrained(callback)
  }

  accepted(receipt: Receipt): void {
    this.#codec.accepted(receipt)
  }

  end(reason: EndReason): void {
    if (reason === 'slow-reader' && this.session !== null) this.clients.evicted(this.session, this.name)
    this.#codec.sayGoodbye(reason)
    this.close(reason, { keepWill: keepsWill.includes(reason) })
  }

  // From the service

  check(): void {
    const { clients, wire, session } = this
    const codec = this.#codec
    if (this.state === 'closing') {
      if (clients.clock.monotonic() - this.#closingSince > closingTime) wire.destroy()
      return
    }
    if (this.attachment === null && clients.clock.monotonic() - this.#openedAt > loginTime) return this.close('login-deadline')
    if (this.state === 'connected') codec.onTick()
    if (this.isOver) return
    const evictAfter = session?.policy.evictAfter ?? evictAfterByDefault
    const isSlow =
      this.backpressure.stalledFor > evictAfter || !this.heartbeat.check({ evictAfter, pingEvery: codec.pingEvery, isOwed: codec.isOwed })
    if (isSlow) this.end('slow-reader')
  }

  // From the codec

  /** Resolves when it is decided; what came meanwhile is handled then. */
  async logIn({ loginName, user, password, enter, onAccepted, onRefused }: Login): Promise<void> {
    const { clients } = this
    this.#lifecycle.handle('login')
    const letGo = this.backpressure.hold()
    try {
      const entrance = await clients.enter({ loginName, user, password }, this.address)
      if (this.state !== 'authenticating') return
      if ('refusal' in entrance) {
        this.#lifecycle.handle('refused')
        return onRefused(entrance.refusal)
      }
      const { session, named } = entrance
      const { name, options, access } = underItsName(enter(session), named)
      if (access !== null && options.will != null && !access.mayPublish(options.will.topic)) {
        this.#lifecycle.handle('refused')
        return onRefused('not-allowed')
      }
      if (!clients.engine.hasPlaceFor(session.id, options)) {
        this.#lifecycle.handle('refused')
        return onRefused('too-many-kept')
      }
      this.#leave()
      this.name = name
      const place = await clients.engine.attach(session.id, this, options)
      if (this.state !== 'authenticating') return place.detach()
      // Revoked while it was given its place.
      if (named !== null && !clients.isStillNamed(session, named)) {
        place.detach()
        this.#lifecycle.handle('refused')
        return onRefused('invalid-password')
      }
      const attachment = access === null ? place : new LimitedAttachment(place, access, this)
      this.#current = { attachment, session, access }
      this.#lifecycle.handle('accepted')
      onAccepted(attachment, session)
      clients.announce(session, `${name} joined from ${this.address}`)
      this.#codec.onAttached(attachment)
    } finally {
      if (this.state === 'authenticating') this.#lifecycle.handle('refused')
      letGo()
      for (const act of this.#ahead.splice(0)) if (!this.isOver) act()
    }
  }

  /** Keeps for later what comes while a login is checked. False when that would be too much. */
  keepForLater(act: () => void): boolean {
    if (this.#ahead.length >= aheadAtMost) return false
    this.#ahead.push(act)
    return true
  }

  /** Bytes as they go onto the line. */
  write(bytes: Buffer): void {
    if (!this.isOver) this.wire.write(bytes)
  }

  /** Says why and ends; from here on nothing may reach the session through this connection. */
  close(reason: CloseReason, { keepWill = false } = {}): void {
    const wasOver = this.isOver
    this.#lifecycle.handle('ended')
    if (wasOver) return
    const { code, text } = closeCodes[reason]
    this.#closingSince = this.clients.clock.monotonic()
    try {
      this.wire.close(code, text)
      this.backpressure.end()
    } finally {
      this.#leave(keepWill)
    }
  }

  #leave(keepWill = false): void {
    const { place, name } = this
    if (place === null) return
    this.#current = null
    this.#codec.onDetached()
    place.attachment.detach({ keepWill })
    this.clients.announce(place.session, `${name} left`)
  }

  /** Where an error goes that escapes from what this client's connection does: to its end, and to whoever counts. */
  #newScope(): Scope {
    const id = (): string => (this.name === '' ? this.address : this.name)
    return {
      room: 'brokers',
      kind: 'client',
      get id() {
        return id()
      },
      // Not within the call that failed: who called may be in the middle of work for others.
      escaped: () => setImmediate(() => this.#codec.onFault()),
    }
  }
}

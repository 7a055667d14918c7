/**
 * The bridge as a client of its own session: its queue is in the journal under a key of its own, and what it publishes itself does not come
 * to it. It has its place whenever it wants one and the session takes clients, with or without a connection to the other broker.
 */
import type { AttachedClient, Attachment } from '../engine/broker-engine.ts'
import type { Delivery, EndReason, Message, Quality, Receipt } from '../engine/types.ts'
import type { BrokerService } from '../service.ts'
import type { Inbound } from './inbound.ts'
import type { Outbound } from './outbound.ts'

export interface LocalClientGiven {
  service: BrokerService
  session: { readonly id: number; readonly name: string }
  bridgeId: string
  /** Under which it is shown among the clients. */
  name: string
  /** Of the other broker, as it is shown. */
  address: string
  filters(): ReadonlyMap<string, Quality>
  onPlace(): void
  onPlaceLost(reason: EndReason): void
}

const keyOf = (bridgeId: string): string => `bridge:${bridgeId}`

export class LocalClient implements AttachedClient {
  readonly id: number
  readonly protocol = 'mqtt-5'
  readonly name: string
  readonly address: string
  readonly connectedAt: number
  attachment: Attachment | null = null
  /** Filters whose retained messages the other broker has not been given. */
  readonly fresh = new Set<string>()
  readonly #given: LocalClientGiven
  readonly #inbounds = new Map<number, Inbound>()
  #outbound: Outbound | null = null
  #isWanted = false
  #isAttaching = false
  #placed = Promise.withResolvers<void>()

  constructor(given: LocalClientGiven) {
    this.#given = given
    this.id = given.service.clients.newConnectionId()
    this.connectedAt = given.service.clock.now()
    this.name = given.name
    this.address = given.address
  }

  /** Resolves once it has its place. */
  get placed(): Promise<void> {
    return this.#placed.promise
  }

  get isStalled(): boolean {
    return this.#outbound === null
  }

  start(): void {
    this.#isWanted = true
    this.#given.service.clients.workers.add(this)
    this.check()
  }

  /** Leaves its place; the queue is kept as that of any client that is away. */
  stop(): void {
    this.#isWanted = false
    this.#given.service.clients.workers.delete(this)
    this.#leave(this.#keepAwayFor())
  }

  /** Messages pass from now on. */
  open(outbound: Outbound): void {
    this.#outbound = outbound
  }

  receiveThrough(inbound: Inbound, serial: number): void {
    for (const [old, each] of this.#inbounds) if (each.isIdle) this.#inbounds.delete(old)
    this.#inbounds.set(serial, inbound)
  }

  /** The connection is over: what was sent and not acknowledged waits for the next one, in its old order. */
  close(): void {
    this.#outbound = null
    if (this.attachment === null) return
    this.#leave(null)
    this.check()
  }

  /** Once a second, and when the session goes on. */
  check(): void {
    const { service, session } = this.#given
    if (!this.#isWanted || this.attachment !== null || this.#isAttaching || !service.isReady) return
    const stored = service.has(session.name) ? service.byName(session.name) : undefined
    if (stored?.id !== session.id || stored.suspended) return
    this.#isAttaching = true
    this.#attach()
      .catch((error: unknown) => this.#report(error))
      .finally(() => (this.#isAttaching = false))
  }

  /** The filters are others now. */
  async subscribe(attachment: Attachment): Promise<boolean> {
    const { service, session, bridgeId, filters } = this.#given
    const wanted = [...filters()].map(([filter, qos]) => {
      return { name: filter, filter, group: null, qos, noLocal: true, retainAsPublished: true, identifier: null } as const
    })
    const known = (await service.engine.clients(session.id)).find(({ key }) => key === keyOf(bridgeId))?.topics ?? []
    const { outcomes, isStored } = await attachment.subscribe(wanted)
    for (const [index, { filter }] of wanted.entries()) if (outcomes[index] === 'new') this.fresh.add(filter)
    const old = known.filter((topic) => !wanted.some(({ name }) => name === topic))
    const isEnded = old.length === 0 || (await attachment.unsubscribe(old)).isStored
    return isStored && isEnded
  }

  // What the engine asks of a client

  ready(): boolean {
    return this.#outbound?.hasRoom() ?? false
  }

  listens(): boolean {
    return this.ready()
  }

  send(delivery: Delivery): boolean {
    if (this.#outbound === null) throw new Error('a message was given to a bridge without a connection')
    return this.#outbound.send(delivery)
  }

  sendOnce(message: Message): void {
    // Quality 0 waits for nobody.
    this.#outbound?.sendOnce(message)
  }

  accepted(receipt: Receipt): void {
    const [serial, packetId] = String(receipt.token).split(':').map(Number)
    this.#inbounds.get(serial ?? 0)?.accepted(receipt, packetId ?? 0)
  }

  end(reason: EndReason): void {
    this.#leave(null)
    if (reason === 'dropped') this.#isWanted = false
    if (!this.#isWanted) this.#given.service.clients.workers.delete(this)
    this.#given.onPlaceLost(reason)
  }

  failed(error: unknown): void {
    this.#report(error)
    // Not within the call in which it failed.
    queueMicrotask(() => this.end('kicked'))
  }

  log(): void {
    // Nobody reads the session's log here.
  }

  relay(): boolean {
    return true
  }

  whenDrained(callback: () => void): void {
    callback()
  }

  async #attach(): Promise<void> {
    const { service, session, bridgeId } = this.#given
    const attachment = await service.engine.attach(session.id, this, { key: keyOf(bridgeId), durable: true, keepFor: null })
    this.attachment = attachment
    const isStored = await this.subscribe(attachment)
    // It may have been stopped or suspended meanwhile.
    if (this.attachment !== attachment) return
    if (isStored && this.#isWanted) {
      this.#placed.resolve()
      return this.#given.onPlace()
    }
    this.#leave(this.#isWanted ? null : this.#keepAwayFor())
  }

  #keepAwayFor(): number | null {
    const { service, session } = this.#given
    return service.has(session.name) ? service.byName(session.name).policy.keepAwayFor : null
  }

  /** @param keepFor ms; null for ever */
  #leave(keepFor: number | null): void {
    const { attachment } = this
    this.attachment = null
    this.#outbound = null
    if (attachment === null) return
    this.#placed = Promise.withResolvers()
    attachment.mqtt.changeExpiry(keepFor)
    attachment.detach()
  }

  #report(error: unknown): void {
    this.#given.service.clients.reportInternalError(error, `${this.name} of ${this.#given.session.name} met a fault`)
  }
}

/** The subscriber that holds a bridge's queue; null where there is none. */
export async function queueOf({ engine }: BrokerService, session: number, bridgeId: string) {
  return (await engine.clients(session)).find(({ key }) => key === keyOf(bridgeId)) ?? null
}

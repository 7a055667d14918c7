/** The delivery engine by itself, and clients of it without a wire: each keeps what it is sent, and is as slow as it is told to be. */
import type { AttachedClient } from '../../server/brokers/engine/broker-engine.ts'
import type { Attachment } from '../../server/brokers/engine/embedded/attachment.ts'
import { EmbeddedEngine } from '../../server/brokers/engine/embedded/embedded-engine.ts'
import type { EngineOptions } from '../../server/brokers/engine/embedded/parts.ts'
import type { Tenant } from '../../server/brokers/engine/embedded/model.ts'
import type { Delivery, EndReason, Message, Publication, Receipt, Subscription } from '../../server/brokers/engine/types.ts'
import { defaultPolicy, type Policy } from '../../server/brokers/policy.ts'
import type { BrokersRoom } from '../../server/brokers/index.ts'
import { temporaryFolder, testClock, testLog } from './kernel.ts'

let nextId = 1

/** Not started. Time passes when `runDue` says so. */
export function newEngine({ observer, ...options }: Partial<EngineOptions> = {}): EmbeddedEngine {
  return new EmbeddedEngine({
    folder: temporaryFolder(),
    clock: testClock(),
    log: testLog(),
    startTimer: () => () => undefined,
    ...options,
    observer: {
      deadLetter: () => undefined,
      storageFailed: () => undefined,
      storageWorks: () => undefined,
      changed: () => undefined,
      ...observer,
    },
  })
}

export function addTenant(
  engine: EmbeddedEngine,
  { id = 1, name = 'one', policy = {} }: { id?: number; name?: string; policy?: Partial<Policy> } = {},
): Tenant {
  return engine.addTenant({ id, name, policy: { ...defaultPolicy, ...policy }, suspended: false })
}

/** A subscription as JSON clients have it. */
export function subscriptionTo(filter: string): Subscription {
  return { name: filter, filter, group: null, qos: 1, noLocal: true, retainAsPublished: false, identifier: null }
}

/** What a JSON client may publish. */
export function publicationOf(fields: { id: string } & Partial<Publication>): Publication {
  return {
    topic: 't',
    source: 'json',
    body: Buffer.from(fields.id),
    isEmpty: false,
    qos: 1,
    retain: false,
    properties: null,
    expiresIn: null,
    publisher: 'w',
    ...fields,
  }
}

export class FakeClient implements AttachedClient {
  readonly id = nextId++
  readonly protocol = 'json'
  readonly address = '127.0.0.1'
  readonly connectedAt = 0
  readonly name: string
  isStalled = false
  room = true
  readonly received: { id: string; topic: string; tries: number; at: number }[] = []
  readonly receipts: Receipt[] = []
  readonly logs: string[] = []
  ended: EndReason | null = null
  readonly #now: () => number

  constructor(name: string, now: () => number = () => 0) {
    this.name = name
    this.#now = now
  }

  /** As a named client, which is kept while it is away. */
  attachTo(engine: EmbeddedEngine, tenant: number): Promise<Attachment> {
    return engine.attach(tenant, this, { key: `user:${this.name}`, durable: true, keepFor: null })
  }

  ready(): boolean {
    return this.room && this.ended === null
  }
  listens(): boolean {
    return this.ready()
  }
  send({ message: { id, topic }, tries }: Delivery): boolean {
    this.received.push({ id, topic, tries, at: this.#now() })
    return true
  }
  sendOnce({ id, topic }: Message): void {
    this.received.push({ id, topic, tries: 0, at: this.#now() })
  }
  log(text: string): void {
    this.logs.push(text)
  }
  relay(): boolean {
    return true
  }
  whenDrained(callback: () => void): void {
    callback()
  }
  accepted(receipt: Receipt): void {
    this.receipts.push(receipt)
  }
  end(reason: EndReason): void {
    this.ended = reason
  }
  failed(error: unknown): void {
    throw error
  }
}

/** The engine of a room, whose insides a test may look at. */
export function engineOf({ service: { engine } }: Pick<BrokersRoom, 'service'>): EmbeddedEngine {
  if (!(engine instanceof EmbeddedEngine)) throw new Error('the room has another engine')
  return engine
}

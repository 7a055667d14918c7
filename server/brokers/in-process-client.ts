/** What this house itself does with sessions, for whom it lets in without their passwords: look, publish, listen. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { iso } from '../clock.ts'
import { Fault } from '../fault.ts'
import { escape } from '../isolation.ts'
import type { Delivery, EndReason, Link, Message, Receipt } from './engine/model.ts'
import { logTopic, matches, parseFilter } from './engine/topics.ts'
import { contentOf, readPublish, refusalTexts } from './connections/json/json-frames.ts'
import type { BrokerService } from './service.ts'

export interface ClientMessage {
  messageId: string
  topic: string
  publisher: string
  at: string
  retained: boolean
  data: unknown
  /** Present when `data` is not text but bytes. */
  encoding?: 'base64'
}

export interface InProcessPublication {
  topic: string
  data: unknown
  retain: boolean
  /** Milliseconds. */
  ttl?: number | undefined
  /** Whatever comes twice under one id is published once; a new one when left out. */
  id?: string | undefined
  publisher: string
}

export interface Listener {
  message(message: ClientMessage): void
  /** The session was suspended, dropped, or the owner ended the connection. */
  ended(reason: EndReason): void
}

export interface InProcessClient {
  list(): { sessionName: string; suspended: boolean; clients: number; queued: number; deadLetters: number; expiresAt: string | null }[]
  /** Who made a session; nobody for one that is not there. */
  makersOf(sessionName: string): readonly (string | null)[]
  /** What is held for subscribers or retained and matches the filter, newest first; nothing changes by it. Throws `no-such-session`, `invalid-topic`. */
  peek(sessionName: string, filter: string, limit: number): ClientMessage[]
  /** Resolves when the message is as durable as the session asks for. Throws `no-such-session`, `not-ready`, `publish-refused`. */
  publish(sessionName: string, publication: InProcessPublication): Promise<{ messageId: string; deliveredTo: number; queuedFor: number }>
  /** Hears what is published from now on. Returns what ends it. Throws `no-such-session`, `not-ready`, `invalid-topic`, `publish-refused`. */
  listen(sessionName: string, filter: string, name: string, listener: Listener): () => void
}

export function createInProcessClient(service: BrokerService): InProcessClient {
  const { clock } = service
  const tenantOf = (sessionName: string) => {
    if (!service.has(sessionName)) throw new Fault('no-such-session', 'There is no such session')
    return service.byName(sessionName).tenant
  }
  const needReady = (): void => {
    if (!service.isReady) throw new Fault('not-ready', 'The brokers are still reading their journal')
  }

  return {
    makersOf: (sessionName) => (service.has(sessionName) ? [service.byName(sessionName).stored.madeBy] : []),

    list: () =>
      service.all().map((tenant) => {
        const { stored } = service.byName(tenant.name)
        return {
          sessionName: tenant.name,
          suspended: tenant.suspended,
          clients: tenant.links.size,
          queued: tenant.queued,
          deadLetters: tenant.deadLetters.size,
          expiresAt: stored.expiresAt === null ? null : iso(stored.expiresAt),
        }
      }),

    peek(sessionName, filter, limit) {
      const tenant = tenantOf(sessionName)
      const wanted = filterOf(filter)
      const found = new Set<Message>(service.engine.retainedFor(tenant, wanted))
      for (const { unacked } of tenant.subscribers.values()) {
        // A message that is not durable yet is nobody's so far.
        for (const { message, state } of unacked.values()) if (state !== 'committing' && matches(wanted, message.topic)) found.add(message)
      }
      return [...found]
        .sort((a, b) => b.seq - a.seq)
        .slice(0, limit)
        .map(clientMessage)
    },

    async publish(sessionName, { topic, data, retain, ttl, id, publisher }) {
      needReady()
      const tenant = tenantOf(sessionName)
      const text = typeof data === 'string' ? data : JSON.stringify(data)
      const hash = createHash('sha256').update(text).digest('hex')
      const read = readPublish({ type: 'publish', topic, data, hash, timestamp: clock.now(), retain, ttl, messageId: id }, () =>
        service.newMessageId(),
      )
      if (typeof read === 'string') throw new Fault('publish-refused', read)
      const receipt = await new Promise<Receipt>((resolve) => {
        service.engine.publish(
          tenant,
          { ...read, source: 'json', properties: null, publisher },
          new InProcessLink(service, publisher, { accepted: resolve }),
          read.id,
        )
      })
      if (receipt.refusal !== null) throw new Fault('publish-refused', refusalTexts[receipt.refusal])
      return { messageId: read.id, deliveredTo: receipt.deliveredTo, queuedFor: receipt.queuedFor }
    },

    listen(sessionName, filter, name, listener) {
      needReady()
      const { engine } = service
      const tenant = tenantOf(sessionName)
      const wanted = filterOf(filter)
      if (tenant.suspended) throw new Fault('publish-refused', refusalTexts.suspended)
      if (tenant.links.size >= tenant.policy.maxClients) throw new Fault('publish-refused', 'Session has too many clients')
      const link: InProcessLink = new InProcessLink(service, name, {
        message: (message) => listener.message(clientMessage(message)),
        // Nobody acknowledges for us; what was given to us is taken as received, a moment later, since the engine is not done with it yet.
        delivered: (delivery) => void setImmediate(() => engine.acknowledgeDelivery(delivery)),
        ended(reason) {
          leave()
          listener.ended(reason)
        },
      })
      const { subscriber } = engine.attach(tenant, link, { key: `anonymous:${link.id}`, durable: false, keepFor: null })
      // Without acknowledgement: nothing is stored for a listener, so nothing of it can be lost or become a dead letter.
      engine.subscribe(subscriber, wanted, {
        filter: wanted,
        group: null,
        qos: 0,
        noLocal: false,
        retainAsPublished: false,
        identifier: null,
      })
      let listening = true
      function leave(): void {
        if (!listening) return
        listening = false
        engine.detach(subscriber, link)
        service.tell(tenant, `${name} stopped listening to ${wanted}`)
      }
      service.tell(tenant, `${name} listens to ${wanted}`)
      return leave
    },
  }
}

/** Throws `invalid-topic`; a shared subscription would take messages from its other members. */
function filterOf(text: string): string {
  const parsed = parseFilter(text)
  if (parsed === null || parsed.group !== null || parsed.filter === logTopic) throw new Fault('invalid-topic', 'Invalid topic')
  return parsed.filter
}

function clientMessage(message: Message): ClientMessage {
  const { id, topic, publisher, acceptedAt, retained } = message
  return { messageId: id, topic, publisher, at: iso(acceptedAt), retained, ...contentOf(message) }
}

interface InProcessLinkEnds {
  message?(message: Message): void
  delivered?(delivery: Delivery): void
  accepted?(receipt: Receipt): void
  ended?(reason: EndReason): void
}

/** A connection without a wire. */
class InProcessLink implements Link {
  readonly id: number
  readonly protocol = 'json'
  readonly name: string
  readonly address = 'this machine'
  readonly connectedAt: number
  readonly isStalled = false
  private readonly ends: InProcessLinkEnds
  /** Whoever listens does so on behalf of a bot, a session, a request: what it throws goes there. */
  private readonly inScope = AsyncLocalStorage.snapshot()

  constructor(service: BrokerService, name: string, ends: InProcessLinkEnds) {
    this.id = service.newLinkId()
    this.connectedAt = service.clock.now()
    this.name = name
    this.ends = ends
  }

  ready(): boolean {
    return true
  }

  send(delivery: Delivery): boolean {
    this.tell(() => this.ends.message?.(delivery.message))
    this.tell(() => this.ends.delivered?.(delivery))
    return true
  }

  sendOnce(message: Message): void {
    this.tell(() => this.ends.message?.(message))
  }

  accepted(receipt: Receipt): void {
    this.tell(() => this.ends.accepted?.(receipt))
  }

  end(reason: EndReason): void {
    this.tell(() => this.ends.ended?.(reason))
  }

  failed(error: unknown): void {
    this.inScope(escape, error)
  }

  private tell(act: () => void): void {
    this.inScope(() => {
      try {
        act()
      } catch (error) {
        escape(error)
      }
    })
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
}

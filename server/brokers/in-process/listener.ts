/** Listening to a session from within this program: what is published from now on, without acknowledgement and without a queue. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { refusalTexts } from '../connections/json/json-frames.ts'
import type { AttachedClient, Attachment } from '../engine/broker-engine.ts'
import type { Delivery, EndReason, HowDelivered, Message } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import { escape } from '../../isolation.ts'
import type { BrokerService } from '../service.ts'
import type { StoredSession } from '../store.ts'

export interface Listening {
  /** `kept`: it was retained before. */
  onMessage(message: Message, kept: boolean): void
  onEnded(reason: EndReason): void
}

export interface HowToListen {
  /** Nobody who publishes is told of this listener, and it takes no client's place. */
  isOnlooker?: boolean
  /** First come the retained messages that match. */
  wantsRetained?: boolean
}

/** Returns what ends it. `filter` is without a group. Throws `publish-refused`. */
export function listenTo(
  service: BrokerService,
  session: StoredSession,
  filter: string,
  name: string,
  listening: Listening,
  { isOnlooker = false, wantsRetained = false }: HowToListen = {},
): () => void {
  if (session.suspended) throw new BrokerFault('publish-refused', refusalTexts.suspended)
  if (!isOnlooker && service.clients.isFull(session)) throw new BrokerFault('publish-refused', 'Session has too many clients')
  let isListening = true
  const client = new InProcessListener(service, name, {
    onMessage: (message, kept) => listening.onMessage(message, kept),
    onEnded(reason) {
      leave()
      listening.onEnded(reason)
    },
  })
  const options = { key: `${isOnlooker ? 'onlooker' : 'anonymous'}:${client.id}`, durable: false, keepFor: null }
  const attached = service.engine.attach(session.id, client, options).then(async (attachment) => {
    client.attachment = attachment
    // Without acknowledgement: nothing is stored for a listener, so nothing of it can be lost or become a dead letter.
    const subscription = {
      ...{ name: filter, filter, group: null },
      qos: 0,
      noLocal: false,
      retainAsPublished: false,
      identifier: null,
    } as const
    if (!isListening) return attachment
    await attachment.subscribe([subscription])
    if (wantsRetained) attachment.sendRetained(filter, 0, [])
    return attachment
  })
  attached.catch(client.failed)
  function leave(): void {
    if (!isListening) return
    isListening = false
    client.detach(attached)
    service.clients.announce(session, `${name} stopped listening to ${filter}`)
  }
  service.clients.announce(session, `${name} listens to ${filter}`)
  return leave
}

/** A connection without a wire. */
export class InProcessListener implements AttachedClient {
  readonly id: number
  readonly protocol = 'json'
  readonly name: string
  readonly address = 'this machine'
  readonly connectedAt: number
  readonly isStalled = false
  attachment: Attachment | null = null
  readonly #to: Listening
  /** Whoever listens does so on behalf of a bot, a session, a request: what it throws goes there. */
  readonly #inScope = AsyncLocalStorage.snapshot()

  constructor(service: BrokerService, name: string, to: Listening) {
    this.id = service.clients.newConnectionId()
    this.connectedAt = service.clock.now()
    this.name = name
    this.#to = to
  }

  readonly failed = (error: unknown): void => this.#inScope(escape, error)

  ready(): boolean {
    return true
  }

  listens(): boolean {
    return this.ready()
  }

  send(delivery: Delivery): boolean {
    this.#tell(() => this.#to.onMessage(delivery.message, false))
    // Nobody acknowledges for us; what was given to us is taken as received, a moment later, since the engine is not done with it yet.
    setImmediate(() => this.attachment?.acknowledgeDelivery(delivery))
    return true
  }

  sendOnce(message: Message, _how: HowDelivered, retained: boolean): void {
    this.#tell(() => this.#to.onMessage(message, retained))
  }

  end(reason: EndReason): void {
    this.#tell(() => this.#to.onEnded(reason))
  }

  /** At once where it is attached, so that the engine knows it no longer when the caller goes on. */
  detach(attached: Promise<Attachment>): void {
    if (this.attachment !== null) this.attachment.detach()
    else attached.then((attachment) => attachment.detach()).catch(this.failed)
  }

  accepted(): void {
    // It publishes nothing.
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

  #tell(act: () => void): void {
    this.#inScope(() => {
      try {
        act()
      } catch (error) {
        escape(error)
      }
    })
  }
}

/** What this program itself does with sessions, for whom it lets in without their passwords: look, publish, listen. */
import { createHash } from 'node:crypto'
import { iso } from '../clock.ts'
import { BrokerFault } from './fault.ts'
import { escape } from '../isolation.ts'
import { contentOf, readPublish, refusalTexts } from './connections/json/json-frames.ts'
import { logTopic, parseFilter } from './engine/topics.ts'
import type { EndReason, Message, Receipt } from './engine/types.ts'
import { listenTo } from './in-process/listener.ts'
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
  /** What an MQTT 5 client attached to it. */
  headers?: Record<string, string | string[]>
}

export interface InProcessPublication {
  topic: string
  data: unknown
  retain: boolean
  /** Milliseconds. */
  ttl?: number | undefined
  /** Whatever comes twice under one id is published once; a new one when left out. */
  id?: string | undefined
  /** 1 when left out. */
  qos?: 0 | 1 | undefined
  /** With them it goes out as MQTT 5 clients publish: its text, and these beside it. */
  headers?: Record<string, string> | undefined
  publisher: string
}

export interface Listener {
  onMessage(message: ClientMessage): void
  /** The session was suspended, dropped, or the owner ended the connection. */
  onEnded(reason: EndReason): void
}

export interface InProcessClient {
  list(): { sessionName: string; suspended: boolean; clients: number; queued: number; deadLetters: number; expiresAt: string | null }[]
  /** Who made a session; nobody for one that is not there. */
  makersOf(sessionName: string): readonly (string | null)[]
  /**
   * What is held for subscribers or retained and matches the filter, newest first; nothing changes by it. Throws `no-such-session`,
   * `invalid-topic`.
   */
  peek(sessionName: string, filter: string, limit: number): Promise<ClientMessage[]>
  /** Resolves when the message is as durable as the session asks for. Throws `no-such-session`, `not-ready`, `publish-refused`. */
  publish(sessionName: string, publication: InProcessPublication): Promise<{ messageId: string; deliveredTo: number; queuedFor: number }>
  /**
   * Hears what is published from now on. Returns what ends it. Throws `no-such-session`, `not-ready`, `invalid-topic`, `publish-refused`.
   */
  listen(sessionName: string, filter: string, name: string, listener: Listener): () => void
}

export function createInProcessClient(service: BrokerService): InProcessClient {
  const { clock } = service
  const sessionOf = (sessionName: string) => {
    if (!service.has(sessionName)) throw new BrokerFault('no-such-session', 'There is no such session')
    return service.byName(sessionName)
  }
  const needReady = (): void => {
    if (!service.isReady) throw new BrokerFault('not-ready', 'The brokers are still reading their journal')
  }

  return {
    makersOf: (sessionName) => (service.has(sessionName) ? [service.byName(sessionName).madeBy] : []),

    list: () =>
      service.all().map(({ id, name, suspended, expiresAt }) => {
        const { clients, queued, deadLetters } = service.engine.counts(id)
        return { sessionName: name, suspended, clients, queued, deadLetters, expiresAt: expiresAt === null ? null : iso(expiresAt) }
      }),

    async peek(sessionName, filter, limit) {
      const { id } = sessionOf(sessionName)
      return (await service.engine.peek(id, filterOf(filter), limit)).map(clientMessage)
    },

    async publish(sessionName, { topic, data, retain, ttl, id, qos, headers, publisher }) {
      needReady()
      const session = sessionOf(sessionName)
      const text = typeof data === 'string' ? data : JSON.stringify(data)
      const hash = createHash('sha256').update(text).digest('hex')
      const read = readPublish({ type: 'publish', topic, data, hash, timestamp: clock.now(), retain, ttl, qos, messageId: id }, () =>
        service.clients.newMessageId(),
      )
      if (typeof read === 'string') throw new BrokerFault('publish-refused', read)
      const receipt = await new Promise<Receipt>((resolve) => {
        const own = { id: service.clients.newConnectionId(), accepted: resolve, failed: escape }
        const asMqtt = { source: 'mqtt', frame: null, body: Buffer.from(text), isEmpty: text === '' } as const
        const form =
          headers === undefined
            ? ({ source: 'json', properties: null } as const)
            : {
                ...asMqtt,
                properties: { userProperties: headers, ...(typeof data === 'string' ? {} : { contentType: 'application/json' }) },
              }
        service.engine.publish(session.id, { ...read, ...form, publisher }, own)
      })
      if (receipt.refusal !== null) throw new BrokerFault('publish-refused', refusalTexts[receipt.refusal])
      return { messageId: read.id, deliveredTo: receipt.deliveredTo, queuedFor: receipt.queuedFor }
    },

    listen(sessionName, filter, name, listener) {
      needReady()
      return listenTo(service, sessionOf(sessionName), filterOf(filter), name, {
        onMessage: (message) => listener.onMessage(clientMessage(message)),
        onEnded: (reason) => listener.onEnded(reason),
      })
    },
  }
}

/** Throws `invalid-topic`; a shared subscription would take messages from its other members. */
export function filterOf(text: string): string {
  const parsed = parseFilter(text)
  if (parsed === null || parsed.group !== null || parsed.filter === logTopic) throw new BrokerFault('invalid-topic', 'Invalid topic')
  return parsed.filter
}

function clientMessage(message: Message): ClientMessage {
  const { id, topic, publisher, acceptedAt, retained, properties } = message
  const headers = properties?.userProperties
  return {
    ...{ messageId: id, topic, publisher, at: iso(acceptedAt), retained },
    ...contentOf(message),
    ...(headers === undefined ? {} : { headers }),
  }
}

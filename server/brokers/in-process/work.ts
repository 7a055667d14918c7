/** What this program's own tools do with sessions beside looking and publishing: make them, take messages, mend what was not delivered. */
import { randomBytes } from 'node:crypto'
import { iso } from '../../clock.ts'
import { randomToken } from '../../secrets/random.ts'
import type { BrokerDeadLetter, BrokerTopic, SessionExpiry } from '../contract/index.ts'
import { parseFilter } from '../engine/topics.ts'
import type { LetterChoice } from '../engine/types.ts'
import { BrokerFault } from '../fault.ts'
import type { BrokerService } from '../service.ts'
import type { StoredSession } from '../store.ts'
import { deadLetterView, shownTopics } from '../views.ts'
import { Taker, type TakenMessage } from './taker.ts'

export interface WantedSession {
  sessionName: string
  /** One is made when left out. */
  password?: string | undefined
  sessionExpiry: SessionExpiry
  durability?: 'fsync' | 'crash-safe' | 'memory' | undefined
}

export interface WantedMessages {
  /** A filter, as `$share/GROUP/…` for one that several share. */
  topic: string
  /** Whose queue they are taken from: it is kept from the first time on. */
  subscriber: string
  limit: number
  /** Ms. */
  wait: number
  /** Ms until what is neither done nor given back waits again. */
  hold: number
}

export interface InProcessWork {
  /** Throws `session-exists`, `expiry-passed`, `not-ready`. */
  create(
    wanted: WantedSession,
    actor: string,
    madeBy: string | null,
  ): Promise<{ sessionName: string; password: string; secretKey: string; expiresAt: string | null }>
  /** The busiest first. Throws `no-such-session`. */
  topics(sessionName: string): Promise<BrokerTopic[]>
  /** The newest first. Throws `no-such-session`. */
  deadLetters(sessionName: string, limit: number): Promise<{ deadLetters: BrokerDeadLetter[]; total: number }>
  /** Gives dead letters to their subscribers again; `kept` are those nobody listens for. Throws `no-such-session`, `storage-failed`. */
  replay(sessionName: string, choice: LetterChoice): Promise<{ replayed: number; kept: number }>
  /** Throws `no-such-session`, `not-ready`, `invalid-topic`, `publish-refused`. */
  take(sessionName: string, wanted: WantedMessages, signal: AbortSignal): Promise<{ messages: TakenMessage[]; isNew: boolean }>
  /** How many were held under these handles. */
  settle(sessionName: string, handles: readonly string[], done: boolean): Promise<number>
  /** Forgets the subscriber with what waits for it. Throws `no-such-session`, `no-such-client`. */
  leave(sessionName: string, subscriber: string): Promise<void>
}

const takersAtMost = 500
/** As MQTT clients are kept: what it was given once is not sent again while it holds it. */
const keyOf = (subscriber: string): string => `mqtt:agent/${subscriber}`

export function createInProcessWork(service: BrokerService): InProcessWork {
  /** By session and subscriber. */
  const takers = new Map<string, Taker>()
  const sessionOf = (sessionName: string): StoredSession => {
    if (!service.has(sessionName)) throw new BrokerFault('no-such-session', 'There is no such session')
    return service.byName(sessionName)
  }
  const needReady = (): void => {
    if (!service.isReady) throw new BrokerFault('not-ready', 'The brokers are still reading their journal')
  }

  async function attach(session: StoredSession, place: string, { topic, subscriber }: WantedMessages): Promise<[Taker, boolean]> {
    const parsed = parseFilter(topic)
    if (parsed === null) throw new BrokerFault('invalid-topic', 'Invalid topic')
    if (session.suspended) throw new BrokerFault('publish-refused', 'Session is suspended')
    if (takers.size >= takersAtMost || service.clients.isFull(session))
      throw new BrokerFault('publish-refused', 'Too many take messages at the moment: try again in a minute')
    const options = { key: keyOf(subscriber), durable: true, keepFor: session.policy.keepAwayFor }
    if (!service.engine.hasPlaceFor(session.id, options)) throw new BrokerFault('publish-refused', 'Session keeps too many clients')
    const taker = new Taker({
      ...{ id: service.clients.newConnectionId(), name: subscriber, connectedAt: service.clock.now() },
      onIdle: () => {
        if (takers.get(place) === taker) takers.delete(place)
      },
    })
    taker.isTaking = true
    takers.set(place, taker)
    try {
      taker.attachment = await service.engine.attach(session.id, taker, options)
      const { filter, group } = parsed
      const wanted = { name: topic, filter, group, qos: 1, noLocal: false, retainAsPublished: false, identifier: null } as const
      const { outcomes, isStored } = await taker.attachment.subscribe([wanted])
      if (!isStored) throw new BrokerFault('storage-failed')
      return [taker, outcomes[0] === 'new']
    } catch (error) {
      takers.delete(place)
      taker.attachment?.detach()
      throw error
    }
  }

  return {
    async create({ password = randomToken(18, randomBytes), sessionName, sessionExpiry, durability }, actor, madeBy) {
      needReady()
      const { secretKey, expiresAt } = await service.create({ sessionName, password, sessionExpiry, durability }, actor, madeBy)
      return { sessionName, password, secretKey, expiresAt: expiresAt === null ? null : iso(expiresAt) }
    },

    topics: async (sessionName) => [...(await service.engine.topics(sessionOf(sessionName).id, shownTopics))],

    async deadLetters(sessionName, limit) {
      const { id } = sessionOf(sessionName)
      const letters = await service.engine.deadLetters(id, limit)
      return { deadLetters: letters.map(deadLetterView), total: service.engine.counts(id).deadLetters }
    },

    async replay(sessionName, choice) {
      needReady()
      const { isStored, ...counts } = await service.engine.replay(sessionOf(sessionName).id, choice)
      if (!isStored) throw new BrokerFault('storage-failed')
      return counts
    },

    async take(sessionName, wanted, signal) {
      needReady()
      const session = sessionOf(sessionName)
      const place = `${session.id} ${wanted.subscriber}`
      const before = takers.get(place)
      if (before?.isTaking === true)
        throw new BrokerFault('publish-refused', 'Somebody is taking messages as this subscriber: use a name of your own')
      if (before !== undefined) {
        // It holds some already; the queue is the same, and so is what it listens to.
        return { messages: await before.take({ ...wanted, signal }), isNew: false }
      }
      const [taker, isNew] = await attach(session, place, wanted)
      return { messages: await taker.take({ ...wanted, signal }), isNew }
    },

    async settle(sessionName, handles, done) {
      const { id } = sessionOf(sessionName)
      let settled = 0
      for (const [place, taker] of takers) {
        if (!place.startsWith(`${id} `)) continue
        const held = new Set(taker.handles)
        const own = handles.filter((handle) => held.has(handle))
        if (own.length > 0) settled += await taker.settle(own, done)
      }
      return settled
    },

    async leave(sessionName, subscriber) {
      const { id } = sessionOf(sessionName)
      const found = (await service.engine.clients(id)).find(({ key }) => key === keyOf(subscriber))
      if (found === undefined || (await service.engine.removeSubscriber(id, found.subscriberId)) === null)
        throw new BrokerFault('no-such-client')
    },
  }
}

/** What the engine tells by itself, as events: messages that could not be delivered, and storage that refuses. */
import type { Clock } from '../clock.ts'
import type { Announcer } from '../events/event-types.ts'
import { reasonOf } from '../isolation.ts'
import { diskRefusal } from '../store/disk.ts'
import type { EngineObserver } from './engine/broker-engine.ts'
import type { DeadLetter } from './engine/types.ts'
import type { brokerEvents } from './events.ts'

/** Ms: the first dead letter of a session in so long is an event; a storm of them must not drown the rest. */
const quietTime = 60_000

export class EngineReports implements EngineObserver {
  /** Since when storage refuses, and why; null while it does not. */
  storageError: { since: number; text: string } | null = null
  readonly #clock: Clock
  readonly #events: Announcer<typeof brokerEvents>
  readonly #announce: (session: { id: number }, text: string) => void
  readonly changed: () => void
  /** By session, when a dead letter of it was an event. */
  readonly #deadLetterAt = new Map<number, number>()

  /** @param announce writes a line on the session's own log topic @param changed tells open windows that something they show has changed */
  constructor(
    clock: Clock,
    events: Announcer<typeof brokerEvents>,
    announce: (session: { id: number }, text: string) => void,
    changed: () => void,
  ) {
    this.#clock = clock
    this.#events = events
    this.#announce = announce
    this.changed = changed
  }

  /** A new start, with a new engine. */
  reset(): void {
    this.storageError = null
  }

  forget(session: number): void {
    this.#deadLetterAt.delete(session)
  }

  deadLetter({ tenant, message: { topic, id }, subscriberKey, reason }: DeadLetter): void {
    const now = this.#clock.monotonic()
    const before = this.#deadLetterAt.get(tenant.id)
    if (before !== undefined && now - before < quietTime) return
    this.#deadLetterAt.set(tenant.id, now)
    this.#events.emit({ type: 'dead-letter', subject: tenant.name, data: { topic, reason, subscriber: subscriberKey, messageId: id } })
    this.#announce(tenant, `a message on ${topic} for ${subscriberKey} became a dead letter: ${reason}`)
  }

  storageFailed(error: unknown): void {
    this.storageError = { since: this.#clock.now(), text: diskRefusal(error, { ofFile: true })?.reason ?? reasonOf(error) }
    this.#events.emit({ type: 'storage-failed', data: { error: this.storageError.text } })
  }

  storageWorks(): void {
    this.storageError = null
    this.#events.emit({ type: 'storage-works' })
  }
}

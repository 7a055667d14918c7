/** What happened to one session, for its detail. */
import { iso } from '../../clock.ts'
import type { EventTone } from '../../events/event.ts'
import type { EventType } from '../../events/event-types.ts'
import { sessionEvents, type SessionEventFacts, type SessionEventKind, type SessionFactsOfKind } from '../events.ts'

/** Its words are made where it leaves the room. */
export type RecordedEvent = SessionFactsOfKind & { id: number; at: string; tone: EventTone; actor: string }

/** Kept per session. */
const mostEvents = 500

export class History {
  readonly #events: RecordedEvent[] = []
  #count = 0

  /** The number of the next thing that happens, also of what the recorder keeps: by it both stand in one row. */
  next(): number {
    this.#count += 1
    return this.#count
  }

  /** `now` in ms since the epoch. */
  add<Kind extends SessionEventKind>(now: number, kind: Kind, facts: SessionEventFacts<Kind>, actor: string): RecordedEvent {
    const type: EventType = sessionEvents[kind]
    const event = { id: this.next(), at: iso(now), kind, facts, tone: type.tone(facts), actor } as RecordedEvent // of one kind, by its type
    this.#events.push(event)
    if (this.#events.length > mostEvents) this.#events.shift()
    return event
  }

  /** The latest last. */
  list(): RecordedEvent[] {
    return [...this.#events]
  }
}

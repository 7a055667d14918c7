/** What is known of a session wherever it is: living, asleep, ending, or ended before this run of the server. */
import type { CrashCard } from '../contract/recorder-entries.ts'
import type { SessionEventFacts, SessionEventText } from '../events.ts'
import type { KeptLogins } from '../kept/kept-logins.ts'
import type { Sleepers } from '../kept/sleepers.ts'
import { crashCardOf } from '../recorder/ending.ts'
import type { KeptCards } from '../recorder/kept-cards.ts'
import { shrinkEnded } from '../recorder/shrink.ts'
import type { SessionDirectory } from './session-directory.ts'
import type { Session } from './session.ts'

export interface RecordsParts {
  sessions: Pick<SessionDirectory, 'find' | 'findLive' | 'over'>
  sleepers: Pick<Sleepers, 'find'>
  kept: Pick<KeptLogins, 'find' | 'touched'>
  cards: KeptCards
  textOf: SessionEventText
}

export class SessionRecords {
  readonly #parts: RecordsParts

  constructor(parts: RecordsParts) {
    this.#parts = parts
  }

  /** Who may see a session, also one that sleeps, is ending or has lately ended; undefined when there is none. */
  makersOf(id: string): (string | null)[] | undefined {
    const { sessions, kept, cards } = this.#parts
    const session = sessions.find(id)
    if (session !== undefined) return [...session.makers]
    return kept.find(id)?.facts.makers ?? cards.find(id)?.makers
  }

  /** Why a session ended; null when it has not, or is not known any more. */
  crashCard(id: string): CrashCard | null {
    const { sessions, cards, textOf } = this.#parts
    const session = sessions.find(id)
    if (session === undefined) return cards.find(id)?.card ?? null
    return session.ending === null ? null : crashCardOf(session, session.ending, textOf)
  }

  /** Somebody has looked at its state or changed it, also of one that sleeps. */
  stateTouched(id: string, facts: SessionEventFacts<'state-touched'>, actor: string): void {
    const { sessions, sleepers, kept } = this.#parts
    const session = sessions.findLive(id)
    const row = sleepers.find(id)
    if (session !== undefined) session.record('state-touched', facts, actor)
    else if (row !== undefined) kept.touched(row, facts, actor)
  }

  /** Writes down what is worth knowing after it, and keeps less of those that ended before. */
  ended(session: Session): void {
    const { sessions, cards, textOf } = this.#parts
    if (session.ending !== null && session.endReason === 'crashed')
      cards.add([...session.makers], crashCardOf(session, session.ending, textOf))
    shrinkEnded(sessions.over())
  }
}

/** What agents searched for, and whether they then called what they had found: in memory, but for the two counts. */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Step } from '../calls/steps.ts'
import type { ToolEntry } from '../sessions/view.ts'

export interface AgentSearch {
  query: string
  at: number
  /** Milliseconds. */
  took: number
  /** Tools that were looked through. */
  of: number
  /** By `toolKey`, the best first, with how well each fits. */
  found: readonly { key: string; score: number }[]
  /** Something it had found was called. */
  followed: boolean
}

export interface SearchCounts {
  searches: number
  /** Of those, followed by a call of something they had found. */
  found: number
}

export interface SearchUsesParts {
  clock: Clock
  log: Log
  counts: { of(sessionId: string): SearchCounts; put(sessionId: string, counts: SearchCounts): void }
  /** A window may look. */
  changed(): void
}

/** Searches of a session that a call may still follow. */
const keepSearches = 5
const keepSessions = 1_000

export function toolKey({ upstream, tool }: Pick<ToolEntry, 'upstream' | 'tool'>): string {
  return `${upstream.definition.id} ${tool.name}`
}

export class SearchUses {
  readonly #parts: SearchUsesParts
  readonly #bySession = new Map<string, { latest: AgentSearch[]; counts: SearchCounts }>()
  /** Notes which calls follow a search, whichever way they came. */
  readonly step: Step

  constructor(parts: SearchUsesParts) {
    this.#parts = parts
    this.step = {
      name: 'search',
      mayWait: false,
      concerns: ({ id, policy }) => policy.search === 'on' && this.#bySession.has(id),
      around: ({ session, entry, args }, ask) => {
        this.#called(session.id, toolKey(entry))
        return ask(args)
      },
    }
  }

  /** An agent has searched. */
  searched(sessionId: string, search: Omit<AgentSearch, 'at' | 'followed'>): void {
    const { clock, changed } = this.#parts
    const of = this.#of(sessionId)
    of.latest.unshift({ ...search, at: clock.now(), followed: false })
    of.latest.length = Math.min(of.latest.length, keepSearches)
    this.#count(sessionId, { ...of.counts, searches: of.counts.searches + 1 })
    changed()
  }

  /** Null when it has not searched since this program was started. */
  latest(sessionId: string): AgentSearch | null {
    return this.#bySession.get(sessionId)?.latest[0] ?? null
  }

  counts(sessionId: string): SearchCounts {
    return this.#bySession.get(sessionId)?.counts ?? this.#parts.counts.of(sessionId)
  }

  forget(sessionId: string): void {
    this.#bySession.delete(sessionId)
  }

  /** The latest search that found it is the one that led there. */
  #called(sessionId: string, key: string): void {
    const of = this.#bySession.get(sessionId)
    const search = of?.latest.find(({ found }) => found.some((each) => each.key === key))
    if (of === undefined || search === undefined) return
    if (!search.followed) this.#count(sessionId, { ...of.counts, found: of.counts.found + 1 })
    search.followed = true
    this.#parts.changed()
  }

  #of(sessionId: string): { latest: AgentSearch[]; counts: SearchCounts } {
    const known = this.#bySession.get(sessionId)
    if (known !== undefined) return known
    const oldest = this.#bySession.size >= keepSessions ? this.#bySession.keys().next().value : undefined
    if (oldest !== undefined) this.#bySession.delete(oldest)
    const made = { latest: [], counts: this.#parts.counts.of(sessionId) }
    this.#bySession.set(sessionId, made)
    return made
  }

  #count(sessionId: string, counts: SearchCounts): void {
    const of = this.#bySession.get(sessionId)
    if (of !== undefined) of.counts = counts
    try {
      this.#parts.counts.put(sessionId, counts)
    } catch (error) {
      // A disk that refuses costs nobody a search: the next one writes the sum.
      this.#parts.log.error({ error }, 'what an agent found could not be counted')
    }
  }
}

/** What is known here of sessions and their tokens, until the service says otherwise or has to be asked again. */
import type { Verdict } from './verdict.ts'
import type { ServiceRules } from './stream.ts'

type Good = Verdict & { ok: true }

export interface Token {
  text: string
  sessionId: string
  /** Ms by the service's clock. */
  expiresAt: number
  rememberMe: boolean
}

export interface Verdicts {
  /** Counts as a use of the session. null when the service has to be asked. */
  find(token: string): Good | null
  /** A moment to compare with: what is kept must not be older than the last word on its session. */
  mark(): number
  /** Keeps what the service answered, which has noted the use itself. */
  keep(token: Token, verdict: Good, asked: number): void
  /** The same for a token that was verified here; false when the service has to be asked. */
  vouch(token: Token, verdict: Good): boolean
  created(sessionIds: readonly string[]): void
  drop(sessionIds: readonly string[]): void
  /** Nothing that was learnt counts any more. */
  forget(): void
  /** The time of the service, and its rules. */
  set(at: number, rules: ServiceRules): void
  /** Takes the uses that the service does not know of: session ids, and for each how long ago in ms. */
  takeUses(most: number): Map<string, number>
  /** Puts back what could not be reported; `later` ms have gone by. */
  putBack(uses: ReadonlyMap<string, number>, later: number): void
}

interface KnownSession {
  tokens: Set<string>
  /** Last use here, by `elapsed`. */
  usedAt: number
}

const keepAtMost = 10_000
/** Uses kept for a service that does not take them; the oldest go first. */
const usesAtMost = 20_000
/** Sessions whose beginning was heard, in each of two generations. */
const begunAtMost = 50_000
/** Uses that could not be reported for so long are worth nothing any more: ms. */
const reportWithin = 3_600_000
/** A pause longer than this share of the idle limit is judged by the service: it may be too long already. */
const pauseShare = 0.1

export function createVerdicts(askAgainAfter: number, elapsed: () => number): Verdicts {
  const kept = new Map<string, { verdict: Good; token: Token; keptAt: number; renewAsked: boolean }>()
  const sessions = new Map<string, KnownSession>()
  /** When a session was last spoken of. An answer under way at that time may be older than the word. */
  const spokenOf = new Map<string, number>()
  /** Sessions that began while this gateway listened and were not spoken of since, with when that was. */
  let begun = new Map<string, number>()
  let begunBefore = new Map<string, number>()
  let uses = new Map<string, number>()
  let moment = 0
  let clearedAt = 0
  let service: { at: number; heardAt: number; rules: ServiceRules } | null = null

  const serviceNow = (): number => (service === null ? Infinity : service.at + elapsed() - service.heardAt)

  function drop(token: string): void {
    const entry = kept.get(token)
    if (entry === undefined) return
    kept.delete(token)
    const { sessionId } = entry.token
    const session = sessions.get(sessionId)
    session?.tokens.delete(token)
    if (session?.tokens.size === 0) sessions.delete(sessionId)
  }

  function forget(): void {
    moment += 1
    clearedAt = moment
    kept.clear()
    sessions.clear()
    begun.clear()
    begunBefore.clear()
    spokenOf.clear()
  }

  function isDue({ expiresAt, rememberMe }: Token): boolean {
    const { threshold, rememberMeThreshold } = service?.rules ?? { threshold: Infinity, rememberMeThreshold: Infinity }
    return serviceNow() >= expiresAt - (rememberMe ? rememberMeThreshold : threshold)
  }

  function isLongPause(since: number): boolean {
    const idleTimeout = service?.rules.idleTimeout ?? null
    return idleTimeout !== null && elapsed() - since > idleTimeout * pauseShare
  }

  function store(token: Token, verdict: Good): void {
    kept.set(token.text, { verdict, token, keptAt: elapsed(), renewAsked: isDue(token) })
    const session = sessions.get(token.sessionId) ?? { tokens: new Set<string>(), usedAt: 0 }
    session.tokens.add(token.text)
    session.usedAt = elapsed()
    sessions.set(token.sessionId, session)
    const [oldest] = kept.keys()
    if (kept.size > keepAtMost && oldest !== undefined) drop(oldest)
  }

  return {
    forget,
    find(text) {
      const entry = kept.get(text)
      if (entry === undefined) return null
      const { token, verdict, keptAt, renewAsked } = entry
      const session = sessions.get(token.sessionId)
      const isOver = elapsed() - keptAt >= askAgainAfter || serviceNow() >= token.expiresAt
      // Near its end the service has the next token; where it had none, asking again and again would bring none either.
      const isRenewal = !renewAsked && isDue(token)
      if (session === undefined || isOver || isRenewal || isLongPause(session.usedAt)) {
        drop(text)
        return null
      }
      session.usedAt = elapsed()
      uses.set(token.sessionId, session.usedAt)
      return verdict
    },
    mark: () => moment,
    keep(token, verdict, asked) {
      if (asked < clearedAt || (spokenOf.get(token.sessionId) ?? 0) > asked) return
      uses.delete(token.sessionId)
      store(token, verdict)
    },
    vouch(token, verdict) {
      const since = begun.get(token.sessionId) ?? begunBefore.get(token.sessionId)
      const usedAt = sessions.get(token.sessionId)?.usedAt ?? since
      if (since === undefined || usedAt === undefined || isLongPause(usedAt) || isDue(token)) return false
      // From then on it is asked about like any other.
      if (elapsed() - since >= askAgainAfter) return false
      store(token, verdict)
      uses.set(token.sessionId, elapsed())
      return true
    },
    created(ids) {
      for (const id of ids) begun.set(id, elapsed())
      if (begun.size <= begunAtMost) return
      begunBefore = begun
      begun = new Map()
    },
    drop(ids) {
      moment += 1
      for (const id of ids) {
        for (const token of [...(sessions.get(id)?.tokens ?? [])]) drop(token)
        begun.delete(id)
        begunBefore.delete(id)
        spokenOf.delete(id)
        spokenOf.set(id, moment)
      }
      // Words older than any answer under way matter to nobody.
      for (const id of spokenOf.keys()) {
        if (spokenOf.size <= keepAtMost) break
        spokenOf.delete(id)
      }
    },
    set(at, rules) {
      service = { at, heardAt: elapsed(), rules }
    },
    takeUses(most) {
      const now = elapsed()
      for (const [id, usedAt] of uses) if (now - usedAt > reportWithin) uses.delete(id)
      const some = [...uses].slice(0, most)
      for (const [id] of some) uses.delete(id)
      return new Map(some.map(([id, usedAt]) => [id, Math.max(0, Math.round(now - usedAt))]))
    },
    putBack(back, later) {
      const now = elapsed()
      uses = new Map([...[...back].map(([id, ago]): [string, number] => [id, now - ago - later]), ...uses].slice(-usesAtMost))
    },
  }
}

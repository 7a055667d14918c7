/** What is known here of tokens, until their session changes. */
import type { Verdict } from './index.ts'

type Good = Verdict & { ok: true }

export interface Verdicts {
  find(token: string): Good | null
  /** A moment to compare with: what is kept must not be older than the last word on its session. */
  mark(): number
  keep(token: string, verdict: Good, asked: number): void
  drop(sessionIds: readonly string[]): void
  /** Nothing that was learnt counts any more. */
  forget(): void
  /** Nor is anything heard from now on. */
  deaf(): void
  /** From `at` on, a time of the service, everything that happens to sessions is heard. */
  listening(at: number): void
  /** True for a session that began after that and was not spoken of since: there is nothing the service could say that is not known here. */
  knowsAll(sessionId: string, issuedAt: number): boolean
  /** The time by the service's clock, as far as it is known. */
  now(): number
}

const keepAtMost = 10_000

export function createVerdicts(askAgainAfter: number): Verdicts {
  const kept = new Map<string, { verdict: Good; until: number }>()
  const tokensOf = new Map<string, Set<string>>()
  /** When a session was last spoken of. An answer under way at that time may be older than the word. */
  const spokenOf = new Map<string, number>()
  let moment = 0
  let clearedAt = 0
  let heardSince = Infinity
  let ahead = 0
  const now = (): number => Date.now() + ahead

  function drop(token: string): void {
    const entry = kept.get(token)
    if (entry === undefined) return
    kept.delete(token)
    const { session_id: id } = entry.verdict.session
    const tokens = tokensOf.get(id)
    tokens?.delete(token)
    if (tokens?.size === 0) tokensOf.delete(id)
  }

  function forget(): void {
    moment += 1
    clearedAt = moment
    kept.clear()
    tokensOf.clear()
  }

  return {
    now,
    forget,
    find(token) {
      const entry = kept.get(token)
      if (entry === undefined) return null
      if (now() < entry.until) return entry.verdict
      drop(token)
      return null
    },
    mark: () => moment,
    keep(token, verdict, asked) {
      const { session_id: id, expires_at } = verdict.session
      if (asked < clearedAt || (spokenOf.get(id) ?? 0) > asked) return
      kept.set(token, { verdict, until: Math.min(now() + askAgainAfter, Date.parse(expires_at)) })
      const tokens = tokensOf.get(id) ?? new Set()
      tokensOf.set(id, tokens.add(token))
      const [oldest] = kept.keys()
      if (kept.size > keepAtMost && oldest !== undefined) drop(oldest)
    },
    drop(sessionIds) {
      moment += 1
      for (const id of sessionIds) {
        for (const token of [...(tokensOf.get(id) ?? [])]) drop(token)
        spokenOf.delete(id)
        spokenOf.set(id, moment)
      }
      // Words older than any answer under way matter to nobody who asks; who does not ask has to begin anew.
      for (const id of spokenOf.keys()) {
        if (spokenOf.size <= keepAtMost) break
        spokenOf.delete(id)
        heardSince = now()
      }
    },
    deaf() {
      heardSince = Infinity
      forget()
    },
    listening(at) {
      heardSince = at
      ahead = at - Date.now()
    },
    knowsAll: (sessionId, issuedAt) => issuedAt >= heardSince && !spokenOf.has(sessionId),
  }
}

/** What is known here of tokens, until their session changes. */
import type { Verdict } from './index.ts'

type Good = Verdict & { ok: true }

export interface Verdicts {
  find(token: string): Good | null
  /** A moment to compare with: what is kept must not be older than the last word on its session. */
  mark(): number
  keep(token: string, verdict: Good, asked: number): void
  drop(sessionIds: readonly string[]): void
  clear(): void
}

const keepAtMost = 10_000

export function createVerdicts(askAgainAfter: number): Verdicts {
  const kept = new Map<string, { verdict: Good; until: number }>()
  const tokensOf = new Map<string, Set<string>>()
  /** When a session was last spoken of. An answer under way at that time may be older than the word. */
  const spokenOf = new Map<string, number>()
  let moment = 0
  let clearedAt = 0

  function forget(token: string): void {
    const entry = kept.get(token)
    if (entry === undefined) return
    kept.delete(token)
    const { session_id: id } = entry.verdict.session
    const tokens = tokensOf.get(id)
    tokens?.delete(token)
    if (tokens?.size === 0) tokensOf.delete(id)
  }

  return {
    find(token) {
      const entry = kept.get(token)
      if (entry === undefined) return null
      if (Date.now() < entry.until) return entry.verdict
      forget(token)
      return null
    },
    mark: () => moment,
    keep(token, verdict, asked) {
      const { session_id: id, expires_at } = verdict.session
      if (asked < clearedAt || (spokenOf.get(id) ?? 0) > asked) return
      kept.set(token, { verdict, until: Math.min(Date.now() + askAgainAfter, Date.parse(expires_at)) })
      const tokens = tokensOf.get(id) ?? new Set()
      tokensOf.set(id, tokens.add(token))
      const [oldest] = kept.keys()
      if (kept.size > keepAtMost && oldest !== undefined) forget(oldest)
    },
    drop(sessionIds) {
      moment += 1
      for (const id of sessionIds) {
        for (const token of [...(tokensOf.get(id) ?? [])]) forget(token)
        spokenOf.delete(id)
        spokenOf.set(id, moment)
      }
      // Words older than any answer under way matter to nobody; those that may still matter are among the latest.
      for (const id of spokenOf.keys()) {
        if (spokenOf.size <= keepAtMost) break
        spokenOf.delete(id)
      }
    },
    clear() {
      moment += 1
      clearedAt = moment
      kept.clear()
      tokensOf.clear()
    },
  }
}

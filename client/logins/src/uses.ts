/** Tells the service in batches which sessions were used here, so that it neither takes them for idle nor for the least recently used. */
import type { GatewayTime } from './time.ts'
import type { Verdicts } from './verdicts.ts'

export interface UseReports {
  /** Reports what there is; resolves when that is done or has failed. */
  flush(): Promise<void>
  stop(): void
}

export interface UseReportsGiven {
  base: string
  headers: Record<string, string>
  /** Ms. */
  timeout: number
  time: Pick<GatewayTime, 'every'>
  elapsed(): number
  verdicts: Pick<Verdicts, 'takeUses' | 'putBack' | 'drop'>
}

/**
 * Who logs in where a user has too many sessions ends the one that was used least lately: the service should know of uses about as they
 * happen.
 */
const reportEvery = 1_000
/** What the service takes in one call. */
const perReport = 1_000

export function startUseReports({ base, headers, timeout, time, elapsed, verdicts }: UseReportsGiven): UseReports {
  let turn: Promise<void> | null = null

  /** True when there may be more. */
  async function reportSome(): Promise<boolean> {
    const uses = verdicts.takeUses(perReport)
    if (uses.size === 0) return false
    const takenAt = elapsed()
    try {
      const sessions = [...uses].map(([session_id, used_ms_ago]) => ({ session_id, used_ms_ago }))
      const response = await fetch(`${base}/api/v1/sessions/activity`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ sessions }),
        signal: AbortSignal.timeout(timeout),
      })
      const reply: unknown = await response.json()
      if (response.status !== 200) throw new Error(`the service answered ${response.status}`)
      verdicts.drop(overOf(reply))
      return uses.size === perReport
    } catch {
      verdicts.putBack(uses, elapsed() - takenAt)
      return false
    }
  }

  async function reportAll(): Promise<void> {
    while (await reportSome());
  }

  function flush(): Promise<void> {
    turn ??= reportAll().finally(() => (turn = null))
    return turn
  }

  return { flush, stop: time.every(reportEvery, flush) }
}

/** Sessions that are over: their tokens are asked about, and refused, at the next request. */
function overOf(reply: unknown): string[] {
  const over: unknown[] = typeof reply === 'object' && reply !== null && 'over' in reply && Array.isArray(reply.over) ? reply.over : []
  return over.filter((id) => typeof id === 'string')
}

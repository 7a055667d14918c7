/** A session's state and end in the words that hosted browsers have for them. */
import type { EndReason } from '../contract/endings.ts'
import type { ExitReason, SessionState, SessionStatus } from '../contract/resources.ts'

export function statusOf({ state, endReason }: { state: SessionState; endReason: EndReason | null }): SessionStatus {
  if (endReason !== null) return endStatus[endReason]
  if (state === 'starting') return 'pending'
  return state === 'not-responding' ? 'error' : 'running'
}

export const exitReasonOf = (endReason: EndReason | null): ExitReason | null => (endReason === null ? null : exitReasons[endReason])

const endStatus: Readonly<Record<EndReason, SessionStatus>> = {
  closed: 'completed',
  shutdown: 'completed',
  idle: 'timed-out',
  evicted: 'timed-out',
  hibernated: 'completed',
  crashed: 'error',
  'login-failed': 'error',
  'start-failed': 'error',
}

const exitReasons: Readonly<Record<EndReason, ExitReason>> = {
  closed: 'released',
  idle: 'idle-timeout',
  evicted: 'evicted',
  hibernated: 'released',
  crashed: 'crashed',
  'login-failed': 'login-failed',
  'start-failed': 'start-failed',
  shutdown: 'server-shutdown',
}

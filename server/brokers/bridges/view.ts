/** What the API shows of a bridge; never its secrets. */
import { iso } from '../../clock.ts'
import type { BrokerBridge } from '../contract/bridges.ts'
import type { Bridge } from './bridge.ts'

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

export function bridgeView(bridge: Bridge, queue: { unacked: number; queuedBytes: number } | null): BrokerBridge {
  const { stored, state, since, problem, nextTryAt, sessionPresent, refusedTopics, counts, lastError } = bridge
  const { id, settings, hasPassword, hasKey, createdAt } = stored
  return {
    ...{ id, ...settings, hasPassword, hasKey, createdAt: iso(createdAt), state, since: iso(since), sessionPresent },
    problem: problem === null ? null : { code: problem.code, text: problem.message },
    nextTryAt: isoOrNull(nextTryAt),
    refusedTopics: refusedTopics.map((each) => ({ ...each })),
    ...counts,
    queued: queue?.unacked ?? 0,
    queuedBytes: queue?.queuedBytes ?? 0,
    lastError: lastError === null ? null : { at: iso(lastError.at), text: lastError.text },
  }
}

/** Which bridges need a person. */
import { iso } from '../../clock.ts'
import type { ConcernOf } from '../../room-report.ts'
import type { Bridge } from './bridge.ts'

export interface BridgeConcerns {
  'bridge-down': { bridge: string; session: string; reason: string; isRefused: boolean }
}

/** Ms that a bridge may be away before somebody is told. */
const patience = 300_000

export function bridgeConcerns(bridges: readonly Bridge[], now: number): ConcernOf<BridgeConcerns>[] {
  return bridges.flatMap(({ stored, state, downSince, problem, session }): ConcernOf<BridgeConcerns>[] => {
    const isRefused = state === 'refused'
    // What is locked is told with all else that is; a session that a person has suspended is no surprise.
    if (downSince === null || state === 'locked' || problem?.code === 'session-suspended') return []
    if (!isRefused && now - downSince < patience) return []
    return [
      {
        id: `brokers-bridge-${stored.id}`,
        room: 'brokers',
        kind: 'bridge-down',
        facts: { bridge: stored.settings.name, session: session.name, reason: problem?.message ?? '', isRefused },
        tone: isRefused ? 'bad' : 'attention',
        since: iso(downSince),
        action: null,
        subject: session.name,
      },
    ]
  })
}

/** What of the relay needs a person: servers, and calls that a crash left in doubt; and how many sessions and servers there are. */
import { iso } from '../clock.ts'
import type { ConcernOf, RoomCounts } from '../room-report.ts'
import type { WaitingCall } from './approvals/approvals.ts'
import type { UpstreamView } from './contract/upstream.ts'
import type { Doubt } from './billing/doubts-store.ts'
import type { Upstreams } from './upstreams/upstreams.ts'

export interface RelayConcerns {
  'server-failed': { server: string; error: string }
  'server-signed-out': { server: string }
  'calls-in-doubt': { calls: number; credits: number }
  'call-waits': { server: string; tool: string; session: string | null; account: string }
  'tools-changed': { server: string; /** Tools that nobody can use until somebody has looked at them. */ held: number }
}

export type RelayFacts = { sessions: number; servers: number; ready: number }

export function concernsOf(upstreams: readonly UpstreamView[], now: number): ConcernOf<RelayConcerns>[] {
  const since = iso(now)
  return upstreams.flatMap(({ id, name, state, error, quarantined }) => {
    const about = { room: 'relay', since, action: null, subject: id } as const
    const concerns: ConcernOf<RelayConcerns>[] = []
    if (state === 'failed')
      concerns.push({ ...about, id: `relay-failed-${id}`, kind: 'server-failed', facts: { server: name, error: error ?? '' }, tone: 'bad' })
    if (state === 'signed-out')
      concerns.push({ ...about, id: `relay-signed-out-${id}`, kind: 'server-signed-out', facts: { server: name }, tone: 'attention' })
    if (quarantined > 0)
      concerns.push({
        ...about,
        id: `relay-changed-${id}`,
        kind: 'tools-changed',
        facts: { server: name, held: quarantined },
        tone: 'attention',
      })
    return concerns
  })
}

export function concernsOfDoubts(open: readonly Doubt[]): ConcernOf<RelayConcerns>[] {
  const [oldest] = open.toSorted((a, b) => a.inDoubtSince - b.inDoubtSince)
  if (oldest === undefined) return []
  const facts = { calls: open.length, credits: open.reduce((sum, { credits }) => sum + credits, 0) }
  const about = { room: 'relay', since: iso(oldest.inDoubtSince), action: null, subject: null } as const
  return [{ ...about, id: 'relay-calls-in-doubt', kind: 'calls-in-doubt', facts, tone: 'attention' }]
}

/** Each call that waits for a person's yes. */
export function waitingConcerns(waiting: readonly WaitingCall[]): ConcernOf<RelayConcerns>[] {
  return waiting.map(({ id, at, session, server, toolName }) => ({
    ...{ id: `relay-approval-${id}`, room: 'relay', kind: 'call-waits', tone: 'attention', action: 'answer-call', subject: id },
    since: iso(at),
    facts: { server: server.name, tool: toolName, session: session.name, account: session.accountId },
  }))
}

export function countsOf(upstreams: Upstreams, { sessions, total }: { sessions: number; total: number }): RoomCounts<RelayFacts> {
  const enabled = upstreams.all().filter(({ definition }) => definition.enabled && definition.transport !== 'built-in')
  const ready = enabled.filter(({ state }) => state === 'ready').length
  return { room: 'relay', count: sessions, facts: { sessions, servers: enabled.length, ready }, ratePer: 's', total }
}

/** What of the sessions and of the Chromium needs a person, with the way out, and how many there are. */
import { iso, type Clock } from '../clock.ts'
import type { ConcernOf, RoomCounts } from '../room-report.ts'
import type { Chromium } from './chromium/chromium.ts'
import type { SessionService } from './service.ts'
import type { Session } from './session/session.ts'

/** `of`: the user name, or the site where there is none. */
type SessionFacts = { of: string; reason: string }

export interface BrowserConcerns {
  'session-needs-you': SessionFacts
  'session-not-responding': SessionFacts
  'session-died': SessionFacts
  'chromium-missing': { problem: string }
  'chromium-failed': { problem: string }
}
type BrowserConcern = ConcernOf<BrowserConcerns>

export type BrowserFacts = { open: number; most: number; inUse: number }

/** Ms for which a crash is worth a line; who did not react by then has seen the session gone. */
const crashShown = 10 * 60_000

export function concernsOf(service: SessionService, chromium: Chromium, clock: Clock): BrowserConcern[] {
  const live = service.list().filter(({ aside }) => !aside)
  const reopened = new Set(live.map(({ key }) => key))
  const crashed = service
    .ended()
    .filter(
      (session) =>
        !session.aside &&
        session.endReason === 'crashed' &&
        clock.now() - session.stateSince < crashShown &&
        (session.key === null || !reopened.has(session.key)),
    )
  return [
    ...chromiumConcerns(chromium, clock),
    ...live.flatMap((session) => {
      if (session.state === 'needs-you') return [concern(session, 'session-needs-you', 'attention', 'take-over')]
      return session.state === 'not-responding' ? [concern(session, 'session-not-responding', 'bad', 'restart-session')] : []
    }),
    ...crashed.map((session) => concern(session, 'session-died', 'bad', 'restart-session')),
  ]
}

function concern(
  session: Session,
  kind: Extract<keyof BrowserConcerns, `session-${string}`>,
  tone: BrowserConcern['tone'],
  action: BrowserConcern['action'],
): BrowserConcern {
  const { credentials, profile } = session
  return {
    id: `browsers:${session.id}:${session.state}`,
    room: 'browsers',
    kind,
    facts: { of: credentials.username || profile.title, reason: session.reason ?? '' },
    tone,
    since: iso(session.stateSince),
    action,
    subject: session.id,
  }
}

function chromiumConcerns(chromium: Chromium, clock: Clock): BrowserConcern[] {
  const { state, message } = chromium.state()
  if (state !== 'missing' && state !== 'failed') return []
  return [
    {
      id: 'browsers:chromium',
      room: 'browsers',
      kind: `chromium-${state}`,
      facts: { problem: message ?? '' },
      tone: 'bad',
      since: iso(chromium.since ?? clock.now()),
      action: state === 'missing' ? 'install-chromium' : 'find-chromium',
      subject: null,
    },
  ]
}

export function countsOf(service: SessionService, opened: number): RoomCounts<BrowserFacts> {
  const live = service.list().filter(({ aside }) => !aside)
  const inUse = live.filter(({ state }) => state === 'in-use' || state === 'taken-over').length
  return {
    room: 'browsers',
    count: live.length,
    facts: { open: live.length, most: service.maxSessions, inUse },
    ratePer: 'min',
    total: opened,
  }
}

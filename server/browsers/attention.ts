/** What of the sessions and of the Chromium needs a person, with the way out. */
import { iso, type Clock } from '../clock.ts'
import type { AttentionItem } from '../room-report.ts'
import type { Chromium } from './process/chromium.ts'
import type { SessionService } from './service.ts'
import type { Session } from './session/session.ts'

/** Ms for which a crash is worth a line; who did not react by then has seen the session gone. */
const crashShown = 10 * 60_000

export function roomAttention(service: SessionService, chromium: Chromium, clock: Clock): AttentionItem[] {
  const live = service.list()
  const reopened = new Set(live.map(({ key }) => key))
  const crashed = service
    .ended()
    .filter(
      (session) =>
        session.endReason === 'crashed' &&
        clock.now() - session.stateSince < crashShown &&
        (session.key === null || !reopened.has(session.key)),
    )
  return [
    ...chromiumItems(chromium, clock),
    ...live.flatMap((session) => {
      if (session.state === 'needs-you') return [item(session, 'attention', `Session of ${nameOf(session)} needs you`, 'take-over')]
      return session.state === 'not-responding'
        ? [item(session, 'bad', `Session of ${nameOf(session)} does not answer`, 'restart-session')]
        : []
    }),
    ...crashed.map((session) => item(session, 'bad', `Browser of ${nameOf(session)} died`, 'restart-session')),
  ]
}

function item(session: Session, tone: AttentionItem['tone'], title: string, action: AttentionItem['action']): AttentionItem {
  return {
    id: `browsers:${session.id}:${session.state}`,
    room: 'browsers',
    tone,
    title,
    text: session.reason ?? '',
    since: iso(session.stateSince),
    action,
    subject: session.id,
  }
}

const nameOf = ({ credentials, profile }: Session): string => credentials.username || profile.title

function chromiumItems(chromium: Chromium, clock: Clock): AttentionItem[] {
  const { state, message } = chromium.state()
  if (state !== 'missing' && state !== 'failed') return []
  const missing = state === 'missing'
  return [
    {
      id: 'browsers:chromium',
      room: 'browsers',
      tone: 'bad',
      title: missing ? 'No Chromium found' : 'Chromium does not start',
      text: message ?? '',
      since: iso(chromium.since ?? clock.now()),
      action: missing ? 'install-chromium' : 'find-chromium',
      subject: null,
    },
  ]
}

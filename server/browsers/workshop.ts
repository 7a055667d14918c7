/** Where site profiles are made: what is tried out and recorded, each in a browser aside from the sessions. */
import type { Clock } from '../clock.ts'
import { createAnnouncer } from '../events/event-types.ts'
import type { EventSink } from '../events/event.ts'
import { browserEvents } from './events.ts'
import type { LoginTools } from './login/login.ts'
import { LoginRecordings } from './login-recording/recordings.ts'
import type { SessionService } from './service.ts'
import type { Session } from './session/session.ts'
import { preparesTrials, type PrepareTrial } from './trial/trial-work.ts'
import { Trials } from './trial/trials.ts'

export interface Workshop {
  trials: Trials
  recordings: LoginRecordings
  prepareTrial: PrepareTrial
  stop(): void
}

export interface WorkshopParts extends LoginTools {
  service: Pick<SessionService, 'whenOpen' | 'apart'>
  events: EventSink
  clock: Clock
  /** Tells open windows that what they show of this changed. */
  changed(resource: string): void
}

export function createWorkshop({ service, events, clock, changed, ...tools }: WorkshopParts): Workshop {
  const announcer = createAnnouncer(events, 'browsers', browserEvents)
  const parts = {
    clock,
    whenOpen: (session: Session) => service.whenOpen(session),
    close: (session: Session) => service.apart.endAside(session),
  }
  const trials = new Trials({
    ...parts,
    changed: () => changed('site-trials'),
    ended: ({ site, state }, actor) => announcer.emit({ type: 'site-tried', subject: site, actor, data: { how: state } }),
  })
  const recordings = new LoginRecordings({ ...parts, changed: () => changed('login-recordings') })
  return {
    trials,
    recordings,
    prepareTrial: preparesTrials(tools),
    stop() {
      trials.stop()
      recordings.stop()
    },
  }
}

/** A session without a browser, for rules that need none. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../../server/clock.ts'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { SessionFiles } from '../../../../server/browsers/files/session-files.ts'
import { Session } from '../../../../server/browsers/session/session.ts'

export interface MadeSession {
  session: Session
  /** Kinds of what it recorded. */
  recorded: string[]
  /** Events that its table refused. */
  illegal: string[]
}

export function makeSession(clock: Clock, id = 'session', { onChanged = () => undefined }: { onChanged?: () => void } = {}): MadeSession {
  const recorded: string[] = []
  const illegal: string[] = []
  const refresh = { address: 'http://site.test/session', every: 60_000, loggedOutUrl: '/login$' }
  const session = new Session({
    id,
    key: null,
    profile: siteProfile.parse({ name: 'site', title: 'Site', kind: 'none', address: 'http://site.test/', refresh }),
    credentials: { username: 'user1', password: 'harbor-demo', address: 'http://user:secret@site.test/' },
    waitsForPerson: false,
    clock,
    files: new SessionFiles({ folder: join(tmpdir(), 'wheelhouse-no-such-folder'), clock }).of(id),
    hooks: {
      onChanged,
      onRecorded: (_, { kind }) => void recorded.push(kind),
      onGivenBack: () => undefined,
      onIllegalTransition: (_, event) => void illegal.push(event),
    },
  })
  return { session, recorded, illegal }
}

/** As it is when its first sign-in is done. */
export function readySession(clock: Clock, id?: string, hooks?: { onChanged?: () => void }): MadeSession {
  const made = makeSession(clock, id, hooks)
  made.session.browser.attached()
  made.session.login.gained()
  return made
}

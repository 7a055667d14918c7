/** What the room does when something happens to one of its sessions. */
import { escape, within, type Scope } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import { recogniseLogin } from '../login/login.ts'
import type { RecordedEvent } from './history.ts'
import type { Session, SessionHooks } from './session.ts'

export interface CreateHooksOptions {
  log: Pick<Log, 'error'>
  recorded(session: Session, event: RecordedEvent, actor: string): void
  scope(session: Session): Scope
  changed(): void
}

export function createHooks({ log, recorded, scope, changed }: CreateHooksOptions): SessionHooks {
  return {
    onChanged: changed,
    onRecorded: recorded,
    onGivenBack: (session) => void within(scope(session), () => recogniseLogin(session).catch(escape)),
    onIllegalTransition: (session, event) =>
      log.error({ session: session.id, state: session.state, event }, 'an event that its state does not allow reached a session'),
  }
}

/** What the room does when something happens to one of its sessions. */
import { escape, within } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import { recogniseLogin } from '../login/login.ts'
import type { RecordedEvent } from './history.ts'
import type { SessionRunner } from './session-runner.ts'
import type { Session, SessionHooks } from './session.ts'

export interface CreateHooksOptions {
  log: Pick<Log, 'error'>
  recorded(session: Session, event: RecordedEvent, actor: string): void
  runner: Pick<SessionRunner, 'scope'>
  changed(): void
}

export function createHooks({ log, recorded, runner, changed }: CreateHooksOptions): SessionHooks {
  return {
    onChanged: changed,
    onRecorded: recorded,
    onGivenBack: (session) => void within(runner.scope(session), () => recogniseLogin(session).catch(escape)),
    onIllegalTransition: (session, event) =>
      log.error({ session: session.id, state: session.state, event }, 'an event that its state does not allow reached a session'),
  }
}

/** Upkeep of the sessions of the room: what time brings to each, put together from who does it. */
import { startRealTimer, type StartTimer } from '../../async/deadline.ts'
import { escape } from '../../isolation.ts'
import type { KeptLogins } from '../kept/kept-logins.ts'
import { refresh, type LoginTools } from '../login/login.ts'
import { Recycler, type RecyclerOptions } from '../resource/recycler.ts'
import type { SessionRunner } from './session-runner.ts'
import type { Session } from './session.ts'
import { Upkeep, type UpkeepOptions, type UpkeepPace } from './upkeep.ts'

export interface CreateUpkeepOptions extends Pick<UpkeepOptions, 'clock' | 'sessions' | 'idleTimeout'>, LoginTools, RecyclerOptions {
  clock: UpkeepOptions['clock']
  kept: Pick<KeptLogins, 'look'>
  runner: Pick<SessionRunner, 'endQuietly' | 'scope'>
  upkeep?: UpkeepPace
  startTimer?: StartTimer
}

export function createUpkeep(options: CreateUpkeepOptions): Upkeep {
  const { clock, kept, runner, sessions, idleTimeout, upkeep, startTimer = startRealTimer } = options
  const recycler = new Recycler(options)
  return new Upkeep({
    ...{ clock, sessions, idleTimeout, startTimer },
    endIdle: (session) => runner.endQuietly(session, 'idle', `Nobody used it for ${idleTimeout() / 1_000} seconds`),
    refresh: (session) => void refresh(session, options).catch(escape),
    keep: (session: Session) => {
      kept.look(session)
      recycler.look(session)
    },
    scope: (session) => runner.scope(session),
    ...upkeep,
  })
}

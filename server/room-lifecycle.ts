/** The life of a room as one table, see `keeper.ts`; `docs/lifecycles/room.md` is drawn from it. */
import { to, type LifecycleTable } from './lifecycle.ts'

export type RoomState = 'serving' | 'restarting' | 'down'
export type RoomEvent = 'restart' | 'up' | 'failed'

/** A failure while one restart runs is part of that restart, so nothing begins another one then. */
export const roomLifecycle: LifecycleTable<RoomState, RoomEvent> = {
  name: 'room',
  initial: 'serving',
  states: {
    serving: 'It answers its callers',
    restarting: 'It is stopped, made anew and started; callers are asked to try again in a moment',
    down: 'It is set aside with the reason shown, until a person starts it again',
  },
  transitions: {
    serving: {
      restart: to('restarting', 'Something of it failed for which nothing smaller answers, or a person asked for it'),
      failed: to('down', 'It could not start, or it failed too often: what fails so will fail again'),
    },
    restarting: {
      up: to('serving', 'It started, with nothing in it of what had failed'),
      failed: to('down', 'It could not be stopped, or not be started again'),
    },
    down: {
      restart: to('restarting', 'A person tries it again'),
    },
  },
}

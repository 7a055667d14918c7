/** After how long messages vanish, out of the library's shape: of people by its chats, of groups by those. */
import type { WASocket } from 'baileys'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { TimerHappening } from '../timer.ts'
import { numbered } from './people.ts'

export function hearTimers(socket: WASocket, log: Log, happened: (happening: TimerHappening) => void): void {
  const inOrder = createSerialQueue()
  const tell = (id: string | null | undefined, seconds: number | null | undefined): void => {
    if (id == null || seconds === undefined) return
    inOrder
      .run(async () => happened({ type: 'timer', chat: await numbered(socket, id), seconds: seconds ?? 0 }))
      .catch((error: unknown) => log.warn({ error: reasonOf(error) }, 'after how long messages vanish could not be told'))
  }
  socket.ev.on('chats.update', (updates) => {
    for (const { id, ephemeralExpiration } of updates) tell(id, ephemeralExpiration)
  })
  socket.ev.on('groups.update', (updates) => {
    for (const { id, ephemeralDuration } of updates) tell(id, ephemeralDuration)
  })
}

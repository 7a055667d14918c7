/** Who is there and who writes, out of the library's shape. */
import type { BaileysEventMap, WASocket } from 'baileys'
import { createSerialQueue } from '../../../async/serial-queue.ts'
import { reasonOf } from '../../../isolation.ts'
import type { Log } from '../../../log.ts'
import type { PresenceCalls, PresenceHappening, PresenceState } from '../presence.ts'
import { numbered } from './people.ts'

type Update = BaileysEventMap['presence.update']
type Presence = Update['presences'][string]

const states: Record<Presence['lastKnownPresence'], PresenceState> = {
  available: 'online',
  unavailable: 'offline',
  composing: 'typing',
  recording: 'recording',
  paused: 'online',
}

const shown = { typing: 'composing', recording: 'recording', paused: 'paused' } as const

export function presenceCalls(socket: WASocket, addressOf: (chat: string) => string): PresenceCalls {
  return {
    show: (available) => socket.sendPresenceUpdate(available ? 'available' : 'unavailable'),
    write: (chat, what) => socket.sendPresenceUpdate(shown[what], addressOf(chat)),
    follow: (chat) => socket.presenceSubscribe(addressOf(chat)),
  }
}

export function hearPresence(socket: WASocket, log: Log, happened: (happening: PresenceHappening) => void): void {
  const inOrder = createSerialQueue()
  socket.ev.on('presence.update', (update) => {
    inOrder.run(() => tell(update)).catch((error: unknown) => log.warn({ error: reasonOf(error) }, 'who is there could not be told'))
  })

  async function tell({ id, presences }: Update): Promise<void> {
    const chat = await numbered(socket, id)
    for (const [person, { lastKnownPresence, lastSeen }] of Object.entries(presences))
      happened({
        type: 'presence',
        chat,
        person: await numbered(socket, person),
        state: states[lastKnownPresence],
        // It may say a word in its place.
        lastSeen: lastSeen === undefined ? null : timeOf(lastSeen * 1_000),
      })
  }
}

function timeOf(ms: number): number | null {
  return ms < 0 || Number.isNaN(new Date(ms).getTime()) ? null : ms
}

/** How a line of the event lists looks: its icon and its most telling fact. */
import type { BusEvent } from '../../server/events/event.ts'
import { roomPresentations } from './rooms.ts'

/** The house's own events by what they are about; a room's events carry the room's icon. */
const houseIcons: readonly (readonly [RegExp, string])[] = [
  [/^key/, 'i-lucide-key-round'],
  [/^setting/, 'i-lucide-settings-2'],
  [/^sign/, 'i-lucide-log-in'],
  [/^(api|port)/, 'i-lucide-network'],
]

export function eventIcon({ room, type }: BusEvent): string {
  const own = room === 'control' ? houseIcons.find(([pattern]) => pattern.test(type)) : undefined
  return own?.[1] ?? roomPresentations[room].icon
}

/** Ids tell a person nothing; they are for readers of the stream. */
const isId = (text: string): boolean => /^(session|key|lease|user)_[\w-]+$|^[0-9a-f]{16,}$|^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text)

/** Short enough for a column: the first value that is neither the subject again nor an id. */
export function eventFact(event: BusEvent): string {
  for (const [name, value] of Object.entries(event.data)) {
    if (value === null || value === '' || String(value) === event.subject || isId(String(value))) continue
    return typeof value === 'boolean' ? (value ? name : '') : String(value)
  }
  return ''
}

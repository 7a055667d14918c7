/** Who is there, and who is writing. */
import { z } from 'zod'
import { isoTime } from '../../../http/contract.ts'

export const presenceEvent = z.object({
  type: z.literal('presence'),
  userId: z.string(),
  chat: z.string(),
  /** In a person's chat that person, in a group one of its members. */
  person: z.string(),
  state: z.enum(['online', 'offline', 'typing', 'recording']),
  /** When somebody who is offline was here last; null where WhatsApp does not tell. */
  lastSeen: isoTime.nullable(),
})

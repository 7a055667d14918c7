/** How one chat is sorted. */
import { z } from 'zod'
import { isoTime } from '../../../http/contract.ts'

export const chatFlags = {
  archived: z.boolean(),
  pinned: z.boolean(),
  /** `forever` where it has no end; null for one that is not muted. */
  mutedUntil: z.union([isoTime, z.literal('forever')]).nullable(),
  markedUnread: z.boolean(),
  /** Seconds after which messages vanish; 0 for never. */
  timer: z.number().int(),
  /** Ids of its labels. */
  labels: z.array(z.string()),
}
export const flagsView = z.object(chatFlags)
export type ChatFlagsView = z.output<typeof flagsView>

/** What becomes of a message after it was first seen, on the wire. */
import { z } from 'zod'
import { messageView } from './messages.ts'

/** `id` is the message that is changed; author and time are those of the change. */
const revokedView = messageView.pick({ id: true, chat: true, author: true, authorName: true, fromMe: true, at: true })
const editedView = revokedView.extend(messageView.pick({ kind: true, text: true, details: true }).shape)

/** A message says something else now, or is deleted for all: who has done that, and when. */
export const editedEvent = z.object({ type: z.literal('edited'), userId: z.string(), message: editedView })
export const revokedEvent = z.object({ type: z.literal('revoked'), userId: z.string(), message: revokedView })
/** Shown at the top of its chat, or not any more. */
export const pinnedEvent = z.object({ type: z.literal('pinned'), userId: z.string(), message: revokedView.extend({ pinned: z.boolean() }) })

/** Schemas that both halves of the bots contract use. */
import { z } from 'zod'

export const userIdWords = 'userId must be alphanumeric (a-z, 0-9, _, -)'
export const phoneWords = 'phoneNumber must be the number with its country code, digits only'

/** Never a path, whatever the original made of it. */
export const userId = z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, userIdWords)
/** Country code first; the longest number of the world has fifteen digits. */
export const phoneNumber = z.string().regex(/^[1-9][0-9]{5,14}$/, phoneWords)
export const userParams = z.object({ userId })
/** What it takes of a number, said where one is refused that people write otherwise: with `+`, spaces or dashes, or as `…@c.us`. */
const numberWords = 'the number with its country code, as text of digits alone'
/** A number, or a chat by its WhatsApp id. */
export const chat = z.union([phoneNumber, z.string().regex(/^[0-9-]{5,40}@(s\.whatsapp\.net|g\.us|lid)$/)], {
  error: `must be ${numberWords}, or a WhatsApp id that ends in @s.whatsapp.net, @g.us or @lid`,
})
/** A number, or a person by WhatsApp id. */
export const person = z.union([phoneNumber, z.string().regex(/^[0-9]{5,40}@(s\.whatsapp\.net|lid)$/)], {
  error: `must be ${numberWords}, or a WhatsApp id that ends in @s.whatsapp.net or @lid`,
})
export const messageId = z
  .string()
  .regex(/^[0-9A-Za-z._-]{4,64}$/, 'must be the id of a message, as answers and events have it, without its chat')
/** Names a message; `author` in a group, where it is not `fromMe`. */
export const messageKey = z.object({ id: messageId, fromMe: z.boolean().default(false), author: z.string().max(60).optional() })

export const failed = z.object({ success: z.literal(false), message: z.string(), requestId: z.string().optional() })
export const failure = (description: string) => ({ description, body: failed })
export const done = z.object({ success: z.literal(true), message: z.string(), userId: z.string() })

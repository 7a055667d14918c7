/** What can be sent. */
import { z } from 'zod'
import { chat, messageKey, phoneNumber } from '../parts.ts'
import { exactlyOne, exactlyOneWords, mimetype, sourceFields } from './source.ts'

const text = z.string().min(1).max(65_536)
const caption = z.string().max(4_096).default('')

/** Something with bytes. Their type is what is said here, else what their source says or what they look like. */
const carrying = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.object({ ...shape, ...sourceFields, mimetype: mimetype.optional() }).refine(exactlyOne, exactlyOneWords)

const content = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text }),
  carrying({ type: z.literal('image'), caption }),
  carrying({ type: z.literal('video'), caption }),
  carrying({ type: z.literal('audio'), voice: z.boolean().default(false) }),
  carrying({ type: z.literal('document'), fileName: z.string().min(1).max(255).optional(), caption }).refine(
    ({ data, fileName }) => data === undefined || fileName !== undefined,
    { path: ['fileName'], message: 'A document in base64 needs a name' },
  ),
  z.object({
    type: z.literal('location'),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    name: z.string().max(200).default(''),
  }),
  z.object({ type: z.literal('contact'), name: z.string().min(1).max(200), phoneNumber }),
  z.object({ type: z.literal('reaction'), emoji: z.string().max(32), message: messageKey }),
])

export const outgoing = z.intersection(
  z.object({ to: chat, replyTo: messageKey.extend({ text: z.string().max(65_536).default('') }).optional() }),
  content,
)

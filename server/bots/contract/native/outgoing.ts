/** What can be sent. */
import { z } from 'zod'
import { chat, messageKey, phoneNumber } from '../parts.ts'

const text = z.string().min(1).max(65_536)
/** Base64; decoded 16 MiB, which is what WhatsApp takes for pictures and sound. */
const data = z.base64().max(22_500_000)
const mimetype = z
  .string()
  .regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w=.+-]+)?$/)
  .max(100)

const content = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text }),
  z.object({ type: z.literal('image'), data, mimetype: mimetype.default('image/jpeg'), caption: z.string().max(4_096).default('') }),
  z.object({ type: z.literal('video'), data, mimetype: mimetype.default('video/mp4'), caption: z.string().max(4_096).default('') }),
  z.object({ type: z.literal('audio'), data, mimetype: mimetype.default('audio/ogg; codecs=opus'), voice: z.boolean().default(false) }),
  z.object({
    type: z.literal('document'),
    data,
    mimetype: mimetype.default('application/octet-stream'),
    fileName: z.string().min(1).max(255),
    caption: z.string().max(4_096).default(''),
  }),
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

/** What can be sent. */
import { z } from 'zod'
import { chat, messageId, messageKey, person, phoneNumber } from '../parts.ts'
import { exactlyOne, exactlyOneWords, mimetype, sourceFields } from './source.ts'

const text = z.string().min(1).max(65_536)
/** Whom the words name, each as `@` and the number; `all` for everybody in a group. */
const mentions = z
  .union([z.literal('all'), z.array(person).max(256)], {
    error: 'must be `all`, or up to 256 numbers, as text of digits alone, or WhatsApp ids',
  })
  .optional()
/** A link in the words, shown with what is said here, or with what its page says of itself. Never fetched unless asked for. */
const preview = z
  .union([
    z.literal('fetch'),
    z.object({
      url: z.url({ protocol: /^https?$/ }).max(2_000),
      title: z.string().min(1).max(300),
      description: z.string().max(1_000).default(''),
      /** A small JPEG in base64. */
      picture: z
        .base64()
        .max(100_000)
        .regex(/^\/9j\//, 'picture must be a JPEG')
        .optional(),
    }),
  ])
  .optional()
const flag = z.boolean().default(false)
/** It can be looked at once. */
const viewOnce = flag
const caption = z.string().max(4_096).default('')

/** Something with bytes. Their type is what is said here, else what their source says or what they look like. */
const carrying = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.object({ ...shape, ...sourceFields, mimetype: mimetype.optional() }).refine(exactlyOne, exactlyOneWords)

function isWithin(text: string, wanted: z.output<typeof preview>): boolean {
  return typeof wanted !== 'object' || text.includes(wanted.url)
}

const name = z.string().min(1).max(200)
const card = z.union([
  z.object({ name, phoneNumber }),
  z.object({
    vcard: z
      .string()
      .max(32_768)
      .regex(/^BEGIN:VCARD\r?\n[^]*\r?\nEND:VCARD\s*$/, 'vcard must be one card from BEGIN:VCARD to END:VCARD'),
  }),
])
const contacts = z
  .object({
    type: z.literal('contact'),
    name: name.optional(),
    phoneNumber: phoneNumber.optional(),
    contacts: z.array(card).min(1).max(50).optional(),
  })
  .refine(
    (body) => (body.contacts === undefined) === (body.name !== undefined && body.phoneNumber !== undefined),
    'either name and phoneNumber, or contacts, is needed',
  )

const poll = z
  .object({
    type: z.literal('poll'),
    question: z.string().trim().min(1).max(255),
    options: z.array(z.string().trim().min(1).max(100)).min(2).max(12),
    /** How many may be chosen; 0: any number. */
    selectable: z.number().int().min(0).max(12).default(1),
  })
  .refine(({ options }) => new Set(options).size === options.length, { path: ['options'], message: 'no option may be there twice' })
  .refine(({ options, selectable }) => selectable <= options.length, { path: ['selectable'], message: 'there are fewer options' })

/** What a message is, but for where it goes. */
export const outgoingContent = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('text'), text, mentions, preview })
    .refine(({ text, preview }) => isWithin(text, preview), { path: ['preview'], message: 'its url must stand in the text' }),
  carrying({ type: z.literal('image'), caption, mentions, viewOnce }),
  /** `note`: round, without a caption, as recorded by holding the button. `animated`: played over and over without sound. */
  carrying({ type: z.literal('video'), caption, mentions, viewOnce, note: flag, animated: flag }).refine(
    ({ note, caption, viewOnce, animated }) => !note || (caption === '' && !viewOnce && !animated),
    { path: ['note'], message: 'a video note has no caption and is nothing else' },
  ),
  /** `voice`: a voice note; another recording than Ogg with Opus is converted. */
  carrying({ type: z.literal('audio'), voice: flag, viewOnce }).refine(({ voice, viewOnce }) => voice || !viewOnce, {
    path: ['viewOnce'],
    message: 'of sounds only a voice note can be heard once',
  }),
  /** WebP as it is; other pictures are made into it. */
  carrying({ type: z.literal('sticker') }),
  carrying({ type: z.literal('document'), fileName: z.string().min(1).max(255).optional(), caption, mentions }).refine(
    ({ data, fileName }) => data === undefined || fileName !== undefined,
    { path: ['fileName'], message: 'A document in base64 needs a name' },
  ),
  z.object({
    type: z.literal('location'),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
    name: z.string().max(200).default(''),
    address: z.string().max(500).default(''),
  }),
  contacts,
  poll,
  /** An empty `emoji` takes the reaction back. */
  z.object({ type: z.literal('reaction'), emoji: z.string().max(32), message: messageKey }),
  /** Passes on a message that is in the log or was sent from here; `from`, where two chats have one of that id. */
  z.object({ type: z.literal('forward'), message: messageId, from: chat.optional() }),
])

export const outgoing = z.intersection(
  z.object({ to: chat, replyTo: messageKey.extend({ text: z.string().max(65_536).default('') }).optional() }),
  outgoingContent,
)
export type OutgoingBody = z.output<typeof outgoing>

/** The new words of a message, or of what is said under a picture or file. */
export const edited = z
  .object({ text: z.string().max(65_536), mentions, preview })
  .refine(({ text, preview }) => isWithin(text, preview), { path: ['preview'], message: 'its url must stand in the text' })
export type EditedBody = z.output<typeof edited>

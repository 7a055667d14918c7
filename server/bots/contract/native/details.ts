/** What a message carries beside its words, on the wire. Each field only where the message has it. */
import { z } from 'zod'
import { isoTime } from '../../../http/contract.ts'

const choice = z.object({ id: z.string(), text: z.string() })

export const detailsView = z.object({
  media: z
    .object({
      mimetype: z.string(),
      /** Bytes, as the sender says. */
      size: z.number().nullable(),
      seconds: z.number().nullable(),
      /** Pixels. */
      width: z.number().nullable(),
      height: z.number().nullable(),
      fileName: z.string().nullable(),
      pages: z.number().nullable(),
      /** A voice note, or a round video note. */
      note: z.boolean(),
      /** A moving picture without sound, or a moving sticker. */
      animated: z.boolean(),
    })
    .optional(),
  location: z
    .object({
      /** Degrees. */
      latitude: z.number(),
      longitude: z.number(),
      name: z.string(),
      address: z.string(),
      live: z.boolean(),
    })
    .optional(),
  contacts: z.array(z.object({ name: z.string(), phoneNumbers: z.array(z.string()), vcard: z.string() })).optional(),
  /** People named in the text, by WhatsApp id. */
  mentions: z.array(z.string()).optional(),
  /** How often it has been passed on. */
  forwarded: z.number().optional(),
  viewOnce: z.literal(true).optional(),
  poll: z
    .object({
      options: z.array(z.string()),
      /** How many may be chosen; 0: any number. */
      selectable: z.number(),
    })
    .optional(),
  /** Of a message with buttons, or a list: what can be chosen. */
  choices: z.array(choice).optional(),
  /** What was chosen of them. */
  choice: choice.optional(),
  preview: z.object({ url: z.string(), title: z.string(), description: z.string() }).optional(),
  /** Of somebody who came by an advertisement. */
  lead: z
    .object({
      source: z.string().nullable(),
      sourceId: z.string().nullable(),
      url: z.string().nullable(),
      title: z.string().nullable(),
      body: z.string().nullable(),
      clickId: z.string().nullable(),
    })
    .optional(),
  /** How many pictures and videos follow that belong together. */
  album: z.object({ images: z.number(), videos: z.number() }).optional(),
  event: z.object({ name: z.string(), description: z.string(), startsAt: isoTime.nullable(), cancelled: z.boolean() }).optional(),
  /** To a group. */
  invite: z.object({ group: z.string(), name: z.string(), code: z.string() }).optional(),
  /** Of a call that rang. */
  call: z.object({ video: z.boolean(), state: z.enum(['rejected', 'missed', 'ended']) }).optional(),
})

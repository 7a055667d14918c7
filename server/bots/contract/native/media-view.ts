/** What has become of the file of a message. */
import { z } from 'zod'

export const mediaView = z.object({
  /**
   * `kept`: here. `waiting`: fetched by itself or when it is asked for. `gone`: neither WhatsApp nor the phone has it any more.
   * `refused`: it was not what was sent, or is larger than all that is kept.
   */
  state: z.enum(['kept', 'waiting', 'gone', 'refused']),
  /** Why it is not here; null where there is nothing to say. */
  problem: z.string().nullable(),
  /** The path that gives it, from the API's root. */
  url: z.string(),
  /** Bytes; until it is here as many as the sender says. */
  size: z.number().nullable(),
})
export type MediaView = z.output<typeof mediaView>

/** The file of a message is here, or has become something else. */
export const mediaEvent = z.object({
  type: z.literal('media'),
  userId: z.string(),
  chat: z.string(),
  messageId: z.string(),
  media: mediaView,
})

export const mediaKinds = ['image', 'video', 'audio', 'document', 'sticker'] as const

/** Files of one bot. Null, or a field left out, takes what the room has. */
export const mediaSettings = {
  /** Fetches and keeps the files of messages that come in. */
  keepsMedia: z.boolean().nullable(),
  /** Which of them. */
  mediaKinds: z.array(z.enum(mediaKinds)).max(mediaKinds.length).nullable(),
  /** Megabytes of all that it keeps; the oldest go first. */
  mediaBudget: z.number().int().min(1).max(1_000_000).nullable(),
  /** Days. */
  keepMediaFor: z.number().int().min(1).max(3_650).nullable(),
}

/** What holds for it now. */
export const mediaLimits = {
  keepsMedia: z.boolean(),
  mediaKinds: z.array(z.enum(mediaKinds)),
  mediaBudget: z.number().int(),
  keepMediaFor: z.number().int(),
}

/**
 * The wall's messages: many sessions over one WebSocket. Server to client: a binary message is one JPEG frame preceded by a 20-byte header
 * (big-endian uint32: tile, frame number of that tile, page width, page height in CSS px, milliseconds since the wall was opened); a text
 * message is one `WallNotice`. Client to server: text messages, each one `WallCommand`.
 */
import { z } from 'zod'
import { sessionId } from './parts.ts'

export const wallHeaderBytes = 20

const tileWish = z.object({
  session: sessionId,
  /** CSS px of the picture wanted. */
  maxWidth: z.number().int().min(64).max(1_920).default(320),
  maxHeight: z.number().int().min(64).max(1_200).default(200),
  framesPerSecond: z.number().int().min(1).max(30).default(2),
})

export const wallCommand = z.discriminatedUnion('type', [
  /** What is in sight now, all of it: a session that is left out is no longer drawn. Nothing is sent for an empty list. */
  z.object({ type: z.literal('watch'), tiles: z.array(tileWish).max(60) }),
  /** The client has drawn this frame; the next one of that tile may follow. */
  z.object({ type: z.literal('drawn'), tile: z.number().int().min(0), frame: z.number().int().min(0) }),
])
export type WallCommand = z.output<typeof wallCommand>
export type SentWallCommand = z.input<typeof wallCommand>

export const wallNotice = z.discriminatedUnion('type', [
  /** Frames of this session come under this number. */
  z.object({ type: z.literal('tile'), session: z.string(), tile: z.number() }),
  /** It has ended, or there is none that the caller may see. */
  z.object({ type: z.literal('gone'), session: z.string(), reason: z.string() }),
  z.object({ type: z.literal('problem'), message: z.string() }),
])
export type WallNotice = z.output<typeof wallNotice>

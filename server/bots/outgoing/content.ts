/** What a caller asks to send, as the room sends it. */
import type { z } from 'zod'
import type { outgoing } from '../contract/native/outgoing.ts'
import type { Source } from '../contract/native/source.ts'
import type { Content } from '../engine/message.ts'
import type { CarryingKind } from '../media/file-type.ts'
import type { Opened } from '../media/sources.ts'

/** `open` finds the bytes that a message is to carry; see `media/sources.ts`. */
export async function contentOf(
  body: z.output<typeof outgoing>,
  open: (source: Source & { mimetype?: string | undefined }, kind: CarryingKind) => Promise<Opened>,
): Promise<Content> {
  switch (body.type) {
    case 'image':
    case 'video': {
      const { bytes, mimetype } = await open(body, body.type)
      return { type: body.type, bytes, caption: body.caption, mimetype }
    }
    case 'audio': {
      const { bytes, mimetype } = await open(body, body.type)
      return { type: 'audio', bytes, mimetype, voice: body.voice }
    }
    case 'document': {
      const { bytes, mimetype, name } = await open(body, body.type)
      return { type: 'document', bytes, mimetype, fileName: body.fileName ?? name ?? 'file', caption: body.caption }
    }
    case 'text':
      return { type: 'text', text: body.text }
    case 'location':
      return { type: 'location', latitude: body.latitude, longitude: body.longitude, name: body.name }
    case 'contact':
      return { type: 'contact', name: body.name, phoneNumber: body.phoneNumber }
    case 'reaction':
      return { type: 'reaction', emoji: body.emoji, to: body.message }
  }
}

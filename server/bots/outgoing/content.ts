/** What a caller asks to send, as the room sends it. */
import type { z } from 'zod'
import type { outgoing } from '../contract/native/outgoing.ts'
import type { Content } from '../engine/message.ts'

export function contentOf(body: z.output<typeof outgoing>): Content {
  switch (body.type) {
    case 'image':
    case 'video':
      return { type: body.type, data: Buffer.from(body.data, 'base64'), caption: body.caption, mimetype: body.mimetype }
    case 'audio':
      return { type: 'audio', data: Buffer.from(body.data, 'base64'), mimetype: body.mimetype, voice: body.voice }
    case 'document':
      return {
        type: 'document',
        data: Buffer.from(body.data, 'base64'),
        mimetype: body.mimetype,
        fileName: body.fileName,
        caption: body.caption,
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

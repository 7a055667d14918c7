/** What we send, in the library's shape. */
import type { AnyMessageContent, WAMessageKey } from 'baileys'
import type { Content, MessageKey } from '../message.ts'
import { carried } from './upload.ts'
import { vcardOf } from './vcard.ts'

export function contentFor(chat: string, content: Content): AnyMessageContent {
  switch (content.type) {
    case 'text':
      // No preview: making one would fetch an address that a stranger may have chosen.
      return { text: content.text, linkPreview: null }
    case 'image':
      return { image: carried, caption: content.caption, mimetype: content.mimetype }
    case 'video':
      return { video: carried, caption: content.caption, mimetype: content.mimetype }
    case 'audio':
      return { audio: carried, mimetype: content.mimetype, ptt: content.voice }
    case 'document':
      return { document: carried, mimetype: content.mimetype, fileName: content.fileName, caption: content.caption }
    case 'location':
      return { location: { degreesLatitude: content.latitude, degreesLongitude: content.longitude, name: content.name } }
    case 'contact':
      return { contacts: { displayName: content.name, contacts: [{ displayName: content.name, vcard: vcardOf(content) }] } }
    case 'reaction':
      return { react: { text: content.emoji, key: keyFor(chat, content.to) } }
  }
}

export function keyFor(chat: string, { id, fromMe, author }: MessageKey): WAMessageKey {
  return { remoteJid: chat, id, fromMe, ...(author === undefined ? {} : { participant: author }) }
}

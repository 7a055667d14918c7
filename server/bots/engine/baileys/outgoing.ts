/** What we send, in the library's shape. */
import type { AnyMessageContent, proto, WAMessageKey } from 'baileys'
import type { MediaKeys } from '../media-keys.ts'
import type { MessageKey } from '../message.ts'
import type { Content, Edit, Forward, LinkPreview, Naming } from '../outgoing.ts'
import { shapeOf } from './shapes.ts'
import { carried } from './upload.ts'

type Library = typeof import('baileys')

export interface OutgoingParts {
  library: Library
  chat: string
  /** What we sent under an id, as it was encoded. */
  sent(messageId: string): Uint8Array | null
}

export function contentFor(content: Content, parts: OutgoingParts): AnyMessageContent {
  const { chat } = parts
  switch (content.type) {
    case 'text':
      return { text: content.text, linkPreview: previewFor(content.preview), ...named(content) }
    case 'image':
      return { image: carried, caption: content.caption, mimetype: content.mimetype, ...once(content), ...named(content) }
    case 'video':
      return {
        video: carried,
        mimetype: content.mimetype,
        ...(content.note === true ? { ptv: true } : { caption: content.caption, gifPlayback: content.animated === true }),
        ...shown(content),
        ...once(content),
        ...named(content),
      }
    case 'audio':
      return {
        audio: carried,
        mimetype: content.mimetype,
        ptt: content.voice,
        ...(content.seconds == null ? {} : { seconds: content.seconds }),
        ...(content.waveform == null ? {} : { waveform: Buffer.from(content.waveform, 'base64') }),
        ...once(content),
      }
    case 'document':
      return {
        document: carried,
        mimetype: content.mimetype,
        fileName: content.fileName,
        caption: content.caption,
        ...named(content),
      }
    case 'sticker':
      return { sticker: carried, mimetype: content.mimetype, isAnimated: content.animated }
    case 'location': {
      const { latitude, longitude, name, address } = content
      return { location: { degreesLatitude: latitude, degreesLongitude: longitude, name, address } }
    }
    case 'contact': {
      const contacts = content.cards.map(({ name, vcard }) => ({ displayName: name, vcard }))
      return {
        contacts: { displayName: contacts.length === 1 ? (contacts[0]?.displayName ?? '') : `${contacts.length} contacts`, contacts },
      }
    }
    case 'poll':
      return {
        poll: {
          name: content.question,
          values: content.options,
          selectableCount: content.selectable,
          messageSecret: Buffer.from(content.secret, 'base64'),
        },
      }
    case 'reaction':
      return { react: { text: content.emoji, key: keyFor(chat, content.to) } }
    case 'delete':
      return { delete: keyFor(chat, content.of) }
    case 'forward':
      return passedOn(content, parts)
    case 'edit':
      return edited(content, parts)
  }
}

export function keyFor(chat: string, { id, fromMe, author }: MessageKey): WAMessageKey {
  return { remoteJid: chat, id, fromMe, ...(author === undefined ? {} : { participant: author }) }
}

/** Left out, the library would fetch an address that a stranger may have chosen. */
function previewFor(preview: LinkPreview | undefined) {
  if (preview === undefined) return null
  const { url, title, description, picture } = preview
  const thumbnail = picture === null ? {} : { jpegThumbnail: Buffer.from(picture, 'base64') }
  return { 'canonical-url': url, 'matched-text': url, title, description, ...thumbnail }
}

function named({ mentions = [], mentionsAll = false }: Naming) {
  return { ...(mentions.length === 0 ? {} : { mentions }), ...(mentionsAll ? { mentionAll: true } : {}) }
}

/** What is seen of a film before it is played. */
export function shown({ seconds = null, thumbnail = null }: { seconds?: number | null; thumbnail?: string | null }) {
  return {
    ...(seconds === null ? {} : { seconds: Math.round(seconds) }),
    ...(thumbnail === null ? {} : { jpegThumbnail: thumbnail }),
  }
}

function once({ viewOnce = false }: { viewOnce?: boolean }) {
  return viewOnce ? { viewOnce } : {}
}

function passedOn({ encoded, keys, said, isMarked }: Forward, { library, chat }: OutgoingParts): AnyMessageContent {
  const message = encoded === null ? shapeOf(said) : bare(library, Buffer.from(encoded, 'base64'))
  if (encoded === null) {
    // Each shape has a context, and those of files say where that is.
    for (const part of Object.values(message))
      Object.assign(part as object, { contextInfo: { forwardingScore: said.details.forwarded ?? 0 } }, keys === null ? {} : placed(keys))
  }
  return { forward: { key: { remoteJid: chat, fromMe: !isMarked }, message }, force: isMarked }
}

/** Where the file is at WhatsApp, as a message says it. */
function placed({ mediaKey, directPath, fileSha256, fileEncSha256, size, mimetype }: MediaKeys): object {
  const bytes = (text: string | null): Buffer | undefined => (text === null ? undefined : Buffer.from(text, 'base64'))
  return {
    ...{ mediaKey: bytes(mediaKey), directPath, fileSha256: bytes(fileSha256), fileEncSha256: bytes(fileEncSha256) },
    url: `https://mmg.whatsapp.net${directPath}`,
    mediaKeyTimestamp: Math.floor(Date.now() / 1_000),
    ...(size === null ? {} : { fileLength: size }),
    ...(mimetype === '' ? {} : { mimetype }),
  }
}

/** Under a picture or file the words are changed within what was sent: it goes along whole. */
function edited({ of, text, preview, ...naming }: Edit, { library, chat, sent }: OutgoingParts): AnyMessageContent {
  const key = keyFor(chat, of)
  const earlier = sent(of.id)
  const message = earlier === null ? {} : bare(library, earlier)
  const part = message.imageMessage ?? message.videoMessage ?? message.documentMessage
  if (part == null) return { text, linkPreview: previewFor(preview), edit: key, ...named(naming) }
  part.caption = text
  return { forward: { key: { remoteJid: chat, fromMe: true }, message }, edit: key, ...named(naming) }
}

/** What it says, without its wrappings and what is for clients alone. */
function bare(library: Library, encoded: Uint8Array): proto.IMessage {
  const message = library.normalizeMessageContent(library.proto.Message.decode(encoded)) ?? {}
  const { messageContextInfo: _context, ...content } = message
  return content
}

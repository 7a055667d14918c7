/** What a caller asks to send, as the room sends it. */
import { randomBytes } from 'node:crypto'
import type { OutgoingBody } from '../contract/native/outgoing.ts'
import type { Source } from '../contract/native/source.ts'
import type { Bytes } from '../engine/bytes.ts'
import type { Card, Content, Naming } from '../engine/outgoing.ts'
import { cardOf, vcardOf } from '../engine/vcard.ts'
import { withEnding, type CarryingKind } from '../media/file-type.ts'
import type { Opened } from '../media/sources.ts'
import type { Previews } from './previews.ts'
import type { Recordings } from './recordings.ts'
import type { Sticker } from './stickers.ts'

/** What says by itself all there is to say; what is about another message is put together by the composer. */
export type PlainBody = Exclude<OutgoingBody, { type: 'forward' | 'reaction' }>

/** What is made of what callers give. */
export interface Making {
  previews: Previews
  recordings: Recordings
  sticker(picture: Bytes, signal: AbortSignal): Promise<Sticker>
}

export interface ContentParts extends Making {
  signal: AbortSignal
  naming: Naming
  /** Finds the bytes that a message is to carry; see `media/sources.ts`. */
  open(source: Source & { mimetype?: string | undefined }, kind: CarryingKind): Promise<Opened>
}

export async function contentOf(body: PlainBody, { previews, recordings, sticker, signal, naming, open }: ContentParts): Promise<Content> {
  switch (body.type) {
    case 'text': {
      const preview = await previews.of(body.text, body.preview, signal)
      return { type: 'text', text: body.text, ...naming, ...(preview === null ? {} : { preview }) }
    }
    case 'image': {
      const { bytes, mimetype } = await open(body, 'image')
      return { type: 'image', bytes, caption: body.caption, mimetype, ...once(body), ...naming }
    }
    case 'video': {
      const { bytes, mimetype } = await open(body, 'video')
      const { note, animated, caption } = body
      return { type: 'video', note, animated, caption, ...(await recordings.film(bytes, mimetype, signal)), ...once(body), ...naming }
    }
    case 'audio': {
      const { bytes, mimetype } = await open(body, 'audio')
      if (!body.voice) return { type: 'audio', bytes, mimetype, voice: false }
      return { type: 'audio', voice: true, ...(await recordings.voice(bytes, mimetype, signal)), ...once(body) }
    }
    case 'sticker': {
      const { bytes } = await open(body, 'sticker')
      return { type: 'sticker', mimetype: 'image/webp', ...(await sticker(bytes, signal)) }
    }
    case 'document': {
      const { bytes, mimetype, name } = await open(body, body.type)
      return {
        type: 'document',
        bytes,
        mimetype,
        fileName: body.fileName ?? withEnding(name ?? 'file', mimetype),
        caption: body.caption,
        ...naming,
      }
    }
    case 'location': {
      const { latitude, longitude, name, address } = body
      return { type: 'location', latitude, longitude, name, address }
    }
    case 'contact':
      return { type: 'contact', cards: cardsOf(body) }
    case 'poll':
      return pollOf(body)
  }
}

/** With a secret of its own: votes are sealed for it. */
export function pollOf({ question, options, selectable }: { question: string; options: string[]; selectable: number }): Content {
  return { type: 'poll', question, options, selectable, secret: randomBytes(32).toString('base64') }
}

function once({ viewOnce }: { viewOnce: boolean }) {
  return viewOnce ? { viewOnce } : {}
}

function cardsOf({ name, phoneNumber, contacts }: Extract<PlainBody, { type: 'contact' }>): Card[] {
  const wanted = contacts ?? (name === undefined || phoneNumber === undefined ? [] : [{ name, phoneNumber }])
  return wanted.map((card) =>
    'vcard' in card ? { name: cardOf(card).name, vcard: card.vcard } : { name: card.name, vcard: vcardOf(card) },
  )
}

/** What can be sent, whatever an engine's library makes of it. Chats and people by their WhatsApp ids (`address.ts`). */
import type { Bytes } from './bytes.ts'
import type { Details, Place } from './details.ts'
import type { MediaKeys } from './media-keys.ts'
import type { MessageKey } from './message.ts'

export type Content =
  | ({ type: 'text'; text: string; preview?: LinkPreview } & Naming)
  | ({ type: 'image'; caption: string; viewOnce?: boolean } & File & Naming)
  | ({ type: 'video'; caption: string; viewOnce?: boolean } & Film & File & Naming)
  | ({ type: 'audio'; voice: boolean; viewOnce?: boolean } & Sound & File)
  | ({ type: 'document'; fileName: string; caption: string } & File & Naming)
  | ({ type: 'sticker'; animated: boolean } & File)
  | ({ type: 'location' } & Omit<Place, 'live'>)
  | { type: 'contact'; cards: Card[] }
  | {
      type: 'poll'
      question: string
      options: string[]
      /** 0: any number. */ selectable: number
      /** Base64; opens its votes. */ secret: string
    }
  | { type: 'reaction'; /** Empty takes it back. */ emoji: string; to: MessageKey }
  | Forward
  | Edit
  | { type: 'delete'; of: MessageKey }

interface File {
  bytes: Bytes
  mimetype: string
}

interface Film {
  /** Round, as recorded by holding the button; it has no caption. */
  note?: boolean
  /** Played over and over, without sound. */
  animated?: boolean
  seconds?: number | null
  /** Base64 of a small JPEG. */
  thumbnail?: string | null
}

interface Sound {
  /** Null where it cannot be found out. */
  seconds?: number | null
  /** Base64 of 64 bytes, each 0 to 100: how loud it is along the way. */
  waveform?: string | null
}

export interface Naming {
  /** Whom the words name as `@` and the number. */
  mentions?: string[]
  /** Everybody in the group. */
  mentionsAll?: boolean
}

export interface LinkPreview {
  /** As it stands in the text. */
  url: string
  title: string
  description: string
  /** Base64 of a small JPEG. */
  picture: string | null
}

export interface Card {
  name: string
  vcard: string
}

/** A message that is passed on, as it is now; bytes that WhatsApp has are not sent again. */
export interface Forward {
  type: 'forward'
  /** As the engine encoded it, base64, where it was sent from here; otherwise what was read of it, with the file that it came with. */
  encoded: string | null
  keys: MediaKeys | null
  said: Said
  /** Counts as passed on once more; not so what one has written oneself. */
  isMarked: boolean
}

export interface Edit extends Naming {
  type: 'edit'
  of: MessageKey
  /** The new words, or the new words under a picture or file. */
  text: string
  preview?: LinkPreview
}

/** As much of a message as is needed to show it again. */
export interface Said {
  kind: string
  text: string
  details: Details
}

/** A message that is answered, with as much of it as the answer shows. */
export type Answered = MessageKey & { text: string; kind?: string; details?: Details }

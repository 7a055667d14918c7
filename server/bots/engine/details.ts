/** What a message carries beside its words; each field only where the message has it. */

export interface Details {
  media?: MediaFacts
  location?: Place
  contacts?: ContactCard[]
  /** People who are named in the text, by WhatsApp id, in the order of the text's `@`s. */
  mentions?: string[]
  /** How often it has been passed on; WhatsApp says "many times" from 5 on. */
  forwarded?: number
  /** It may be looked at once; its bytes do not come to linked devices. */
  viewOnce?: true
  poll?: Poll
  /** What the reader of a message with buttons, or of a list, can choose. */
  choices?: Choice[]
  /** What was chosen of them: the id is what the sender of the buttons gave. */
  choice?: Choice
  preview?: { url: string; title: string; description: string }
  /** Where somebody comes from who pressed an advertisement that opens a chat. */
  lead?: Lead
  /** Pictures and videos that follow one by one and are shown together. */
  album?: { images: number; videos: number }
  /** `startsAt` in ISO 8601. */
  event?: { name: string; description: string; startsAt: string | null; cancelled: boolean }
  /** To a group: whoever follows it joins. */
  invite?: { group: string; name: string; code: string }
  /** Of a call that rang. */
  call?: CallFacts
}

export interface CallFacts {
  video: boolean
  state: 'rejected' | 'missed' | 'ended'
}

export interface MediaFacts {
  mimetype: string
  /** Bytes, as the sender says. */
  size: number | null
  seconds: number | null
  width: number | null
  height: number | null
  fileName: string | null
  pages: number | null
  /** Recorded by holding the button: a voice note, or a round video note. */
  note: boolean
  /** A short video without sound, played over and over; a moving sticker. */
  animated: boolean
}

export interface Place {
  latitude: number
  longitude: number
  name: string
  address: string
  /** It goes on to be where the sender is, which is not followed here. */
  live: boolean
}

export interface ContactCard {
  name: string
  /** Digits of each number in the card, WhatsApp's own id of it first. */
  phoneNumbers: string[]
  vcard: string
}

export interface Poll {
  options: string[]
  /** How many may be chosen; 0: any number. */
  selectable: number
}

export interface Choice {
  id: string
  text: string
}

export interface Lead {
  source: string | null
  sourceId: string | null
  url: string | null
  title: string | null
  body: string | null
  clickId: string | null
}

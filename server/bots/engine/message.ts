/** Messages as the room knows them, whatever an engine's library makes of them. Chats and people by their WhatsApp ids (`address.ts`). */
import type { Details } from './details.ts'
import type { MediaKeys } from './media-keys.ts'
import type { PollKey, SealedVote } from './votes.ts'

/** A message as it came in, or one of the account's own from another device. */
export interface Message {
  id: string
  chat: string
  author: string
  /** The name the author gives themselves. */
  authorName: string | null
  fromMe: boolean
  at: number
  /**
   * `text`, `image`, `video`, `audio`, `document`, `sticker`, `location`, `contact`, `reaction`, `poll`, `album`, `event`, `invite`,
   * `product`, `order`, `other`, `unreadable`, or `revoked` when it was deleted for all.
   */
  kind: string
  text: string
  details: Details
  /** What it answers, as the answer carries it. */
  quoted: Quoted | null
  /** The id of the message that it is a reaction to. */
  reactsTo: string | null
  /** What it does to an earlier message of the chat, instead of standing for itself: its words are then what that one says. */
  changes?: Change
  /** Seconds after which it vanishes; left out where it stays. */
  timer?: number
  /** Of a poll: what opens its votes. */
  pollKey?: PollKey
  /** A vote in a poll, which is no message of its own. */
  vote?: SealedVote
  /** What became of it after it was first seen; each only where that is so. */
  editedAt?: number
  deletedAt?: number
  /** Sent to vanish at this time. */
  expiresAt?: number
  /** Shown at the top of its chat. */
  pinned?: true
  /** What it said before, the oldest first, where the bot is set to keep that. */
  earlier?: Earlier[]
  /** It was told before, when it could not be read. */
  wasUnreadable?: true
  /** Its file. Kept sealed, and never shown. */
  media?: MediaKeys
}

export interface Earlier {
  text: string
  /** Since when it said so. */
  at: number
}

/** `kept`: it stays, where messages vanish. */
export type Mark = 'pinned' | 'unpinned' | 'kept' | 'unkept'

export interface Change {
  /** The message that it is about. */
  id: string
  how: 'edited' | 'revoked' | Mark
  /** Whoever sends it says that the message was their own. */
  own: boolean
  /** Whether they are an admin of the group, where that was asked. */
  byAdmin?: boolean
}

export interface Quoted {
  id: string
  author: string
  kind: string
  text: string
}

export interface MessageKey {
  id: string
  fromMe: boolean
  /** Who wrote it, in a group. */
  author?: string | undefined
}

/** How far a message of ours has come. `sent`: the server has it. */
export type Progress = 'sent' | 'delivered' | 'read'

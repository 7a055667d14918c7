/** How chats are sorted on the phone, and its labels and stars: shared by all devices of an account. */
import type { MessageKey } from './message.ts'

/** What is left out stays. */
export interface ChatFlags {
  archived?: boolean
  /** Ms; null for one that is not pinned. */
  pinnedAt?: number | null
  /** Ms, `Infinity` for ever; null for one that is not muted. */
  mutedUntil?: number | null
  markedUnread?: boolean
  /** Seconds after which messages vanish; 0 for never. */
  timer?: number
}

/** `isNews` is false for what held before this device was there. */
export type ChatHappening = { isNews: boolean } & (
  | { type: 'chat'; chat: string; flags: ChatFlags }
  | { type: 'chat-deleted'; chat: string }
  /** One message was deleted for this account alone. */
  | { type: 'message-erased'; chat: string; messageId: string }
  | { type: 'starred'; chat: string; messageId: string; on: boolean }
  | { type: 'label'; label: string; name: string; color: number; isDeleted: boolean }
  | { type: 'labelled'; label: string; chat: string; messageId: string | null; on: boolean }
)

/** The newest message of a chat, up to which a change of the chat holds. */
export interface LastMessage extends MessageKey {
  /** Ms. */
  at: number
}

/** Orders to all devices of the account. Throws `phone-keys-missing`, `settings-conflict`, and what `ContactCalls` does. */
export interface ChatCalls {
  archive(chat: string, on: boolean, last: LastMessage | null): Promise<void>
  pin(chat: string, on: boolean): Promise<void>
  /** Ms, `Infinity` for ever; null ends it. */
  mute(chat: string, until: number | null): Promise<void>
  markUnread(chat: string, on: boolean, last: LastMessage | null): Promise<void>
  star(chat: string, message: MessageKey, on: boolean): Promise<void>
  delete(chat: string, last: LastMessage | null): Promise<void>
  clear(chat: string, last: LastMessage | null): Promise<void>
  setTimer(chat: string, seconds: number): Promise<void>
  editLabel(label: string, facts: { name: string; color: number; isDeleted: boolean }): Promise<void>
  /** On the chat, or on a message of it. */
  label(label: string, chat: string, messageId: string | null, on: boolean): Promise<void>
}

/** Messages and chats as the API and the sockets show them. */
import { iso } from '../../clock.ts'
import type { BotEvent } from '../contract/native/events.ts'
import type { ChatFlagsView } from '../contract/native/chat-flags.ts'
import type { MediaView } from '../contract/native/media-view.ts'
import type { ChatView, LoggedView, MessageView, SentView } from '../contract/native/messages.ts'
import { isGroup, numberOf } from '../engine/address.ts'
import type { Change, Message } from '../engine/message.ts'
import type { Chat, LoggedMessage } from './log-store.ts'
import type { OutboxRow } from './outbox-store.ts'

export function sentView({ messageId, chat, kind, status, problem, createdAt, sentAt, updatedAt }: OutboxRow): SentView {
  return {
    ...{ messageId, chat, kind, status, problem },
    createdAt: iso(createdAt),
    sentAt: sentAt === null ? null : iso(sentAt),
    updatedAt: iso(updatedAt),
  }
}

export function messageView({
  at,
  changes,
  pollKey,
  vote,
  timer,
  editedAt,
  deletedAt,
  expiresAt,
  earlier,
  media,
  ...message
}: Message): MessageView {
  return {
    ...message,
    at: iso(at),
    ...(editedAt === undefined ? {} : { editedAt: iso(editedAt) }),
    ...(deletedAt === undefined ? {} : { deletedAt: iso(deletedAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: iso(expiresAt) }),
    ...(earlier === undefined ? {} : { earlier: earlier.map((before) => ({ ...before, at: iso(before.at) })) }),
  }
}

/** Null for what shows in the log alone. */
export function changeEvent(
  userId: string,
  { chat, author, authorName, fromMe, at, ...said }: Message,
  { id, how }: Change,
): BotEvent | null {
  const message = { id, chat, author, authorName, fromMe, at: iso(at) }
  if (how === 'revoked') return { type: how, userId, message }
  if (how !== 'edited')
    return how === 'pinned' || how === 'unpinned' ? { type: 'pinned', userId, message: { ...message, pinned: how === 'pinned' } } : null
  const { kind, text, details } = said
  return { type: how, userId, message: { ...message, kind, text, details } }
}

export function loggedView({ number, status, ...message }: LoggedMessage, media: MediaView | null): LoggedView {
  return { ...messageView(message), number, status, media }
}

export function chatView({ chat, last, ...facts }: Chat, flags: ChatFlagsView, media: MediaView | null): ChatView {
  return { chat, isGroup: isGroup(chat), phoneNumber: numberOf(chat), ...facts, last: loggedView(last, media), ...flags }
}

/** Messages and chats as the API and the sockets show them. */
import { iso } from '../../clock.ts'
import type { ChatView, LoggedView, MessageView, SentView } from '../contract/native/messages.ts'
import { isGroup, numberOf } from '../engine/address.ts'
import type { Message } from '../engine/message.ts'
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

export function messageView({ at, ...message }: Message): MessageView {
  return { ...message, at: iso(at) }
}

export function loggedView({ number, status, ...message }: LoggedMessage): LoggedView {
  return { ...messageView(message), number, status }
}

export function chatView({ chat, last, ...facts }: Chat): ChatView {
  return { chat, isGroup: isGroup(chat), phoneNumber: numberOf(chat), ...facts, last: loggedView(last) }
}

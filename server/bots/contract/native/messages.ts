/** Sending and reading: routes beside the published ones, under the same rules and in the same shape. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { chatFlags } from './chat-flags.ts'
import { detailsView } from './details.ts'
import { mediaView } from './media-view.ts'
import { outgoing } from './outgoing.ts'
import { chat, failure, messageId, messageKey, person, userParams } from '../parts.ts'

export { chat, messageId }

export const sentView = z.object({
  messageId: z.string(),
  chat: z.string(),
  kind: z.string(),
  /** `queued`, `sending`, `sent` (WhatsApp has it), `delivered`, `read`, `failed`. */
  status: z.enum(['queued', 'sending', 'sent', 'delivered', 'read', 'failed']),
  problem: z.string().nullable(),
  createdAt: isoTime,
  sentAt: isoTime.nullable(),
  updatedAt: isoTime,
})
export type SentView = z.output<typeof sentView>

export const messageView = z.object({
  id: z.string(),
  chat: z.string(),
  author: z.string(),
  authorName: z.string().nullable(),
  fromMe: z.boolean(),
  at: isoTime,
  kind: z.string(),
  text: z.string(),
  details: detailsView,
  /** What it answers, as the answer carries it; `author` is a WhatsApp id. */
  quoted: z.object({ id: z.string(), author: z.string(), kind: z.string(), text: z.string() }).nullable(),
  /** Of a reaction: the id of the message it is to. */
  reactsTo: z.string().nullable(),
  /** When its author last said it otherwise, and when it was deleted for all; each only where that is so, like what follows. */
  editedAt: isoTime.optional(),
  deletedAt: isoTime.optional(),
  /** It was sent to vanish, and goes from the log then. */
  expiresAt: isoTime.optional(),
  /** Shown at the top of its chat. */
  pinned: z.literal(true).optional(),
  /** What it said before, the oldest first, of a bot that is set to keep that. `at`: since when. */
  earlier: z.array(z.object({ text: z.string(), at: isoTime })).optional(),
  /** It came before as one that could not be read: the same message, now with its words. */
  wasUnreadable: z.literal(true).optional(),
})
export type MessageView = z.output<typeof messageView>

/** A kept message: its place in the log, and how far it has come when it went out through here. */
const loggedView = messageView.extend({ number: z.number().int(), status: sentView.shape.status.nullable(), media: mediaView.nullable() })
export type LoggedView = z.output<typeof loggedView>

export const chatView = z.object({
  chat: z.string(),
  isGroup: z.boolean(),
  /** Digits; null for a group, and for a person whom WhatsApp names by a hidden id alone. */
  phoneNumber: z.string().nullable(),
  /** As the person calls themselves, or the subject of the group; null while unknown. */
  name: z.string().nullable(),
  received: z.number().int(),
  sent: z.number().int(),
  /** Received since the chat was last read here or answered. */
  unread: z.number().int(),
  last: loggedView,
  ...chatFlags,
})
export type ChatView = z.output<typeof chatView>

export const ok = z.object({ success: z.literal(true) })
export const refusals = { 400: failure('A field is malformed'), 401: failure('A key is needed'), 404: failure('No such session') }
const notOnline = {
  ...refusals,
  409: failure('The session is not online'),
  429: failure('WhatsApp was asked too much; Retry-After says when to ask again'),
  502: failure('WhatsApp refused'),
  504: failure('WhatsApp did not answer'),
}
const messageParams = userParams.extend({ messageId })
export const at = (path: string) => `/api/sessions/:userId${path}`
const shared = { tag: 'Messages', access: 'local', right: 'bots:use', params: userParams } as const

export const messageRoutes = {
  sendMessage: {
    ...shared,
    method: 'POST',
    path: at('/messages'),
    summary: 'Queue a message',
    description:
      'Sent when the session is online, at its pace and within its daily limit. With an `Idempotency-Key` header a repeated call sends once. What carries bytes has exactly one of `data` (base64, 16 MiB), `url` (fetched before this is answered, within 50 s) and `upload` (the id of one).',
    body: outgoing,
    bodyLimit: 23_000_000,
    responses: {
      202: { description: 'Queued', body: ok.extend({ message: sentView }) },
      ...refusals,
      409: failure(
        'The Idempotency-Key was used for another message, the queue or the room for files is full, or the message cannot be passed on',
      ),
      413: failure('The file is too large'),
      502: failure('The address could not be fetched'),
    },
  },
  sentMessages: {
    ...shared,
    method: 'GET',
    path: at('/messages'),
    summary: 'What was sent and what waits, the newest first',
    verb: 'write',
    query: z.object({
      chat: chat.optional(),
      status: sentView.shape.status.optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    responses: {
      200: {
        description: 'Messages, with their words where those are short',
        body: ok.extend({ messages: z.array(sentView.extend({ text: z.string() })), queue: z.number().int() }),
      },
      ...refusals,
    },
  },
  sentMessage: {
    ...shared,
    method: 'GET',
    path: at('/messages/:messageId'),
    params: messageParams,
    summary: 'How far a message has come',
    verb: 'write',
    responses: { 200: { description: 'The message', body: ok.extend({ message: sentView }) }, ...refusals },
  },
  cancelMessage: {
    ...shared,
    method: 'DELETE',
    path: at('/messages/:messageId'),
    params: messageParams,
    summary: 'Take a waiting message out of the queue, discard one that failed, or delete one for all',
    description:
      'With `for=all` a message that was sent is deleted for everybody who has it, which WhatsApp does for two and a half days; that is a message of its own in the queue. What others wrote an admin of the group can delete. `chat`, and `author` for what others wrote, are needed for what is not in the log.',
    query: z.object({ for: z.literal('all').optional(), chat: chat.optional(), author: person.optional() }),
    responses: {
      200: { description: 'Taken out', body: ok },
      202: { description: 'Queued: the deletion, by its own id', body: ok.extend({ message: sentView }) },
      ...refusals,
      409: failure('It is on its way already, or cannot be deleted, or not any more'),
    },
  },
  groups: {
    ...shared,
    method: 'GET',
    path: at('/groups'),
    summary: 'Groups the account is in',
    verb: 'write',
    responses: {
      200: {
        description: 'Groups',
        body: ok.extend({ groups: z.array(z.object({ id: z.string(), subject: z.string(), members: z.number().int() })) }),
      },
      ...notOnline,
    },
  },
  markRead: {
    ...shared,
    method: 'POST',
    path: at('/read'),
    summary: 'Mark messages as read',
    description: 'Without `messages`: what the log holds of the chat and was not read yet, up to 200.',
    body: z.object({ chat, messages: z.array(messageKey).min(1).max(200).optional() }),
    responses: { 200: { description: 'Marked', body: ok }, ...notOnline },
  },
  log: {
    ...shared,
    method: 'GET',
    path: at('/log'),
    summary: 'Messages that were kept, the newest first',
    description:
      'Kept only while the session keeps a log, and as long as the settings say. `next`, when there is one, is the `before` of the following page.',
    verb: 'write',
    query: z.object({
      chat: chat.optional(),
      text: z.string().max(200).optional(),
      before: z.coerce.number().int().optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
    }),
    responses: {
      200: { description: 'Messages', body: ok.extend({ messages: z.array(loggedView), next: z.number().int().nullable() }) },
      ...refusals,
    },
  },
  chats: {
    ...shared,
    method: 'GET',
    path: at('/chats'),
    summary: 'Chats of the log, the one with the newest message first',
    description:
      '`next`, when there is one, is the `before` of the following page. `archived`, `pinned`, `markedUnread` and `label` leave out others, so that a page may hold fewer.',
    verb: 'write',
    query: z.object({
      before: z.coerce.number().int().optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
      archived: z.stringbool().optional(),
      pinned: z.stringbool().optional(),
      markedUnread: z.stringbool().optional(),
      label: z.string().max(40).optional(),
    }),
    responses: {
      200: { description: 'Chats', body: ok.extend({ chats: z.array(chatView), next: z.number().int().nullable() }) },
      ...refusals,
    },
  },
  clearLog: {
    ...shared,
    method: 'DELETE',
    path: at('/log'),
    summary: 'Forget all kept messages, or those of one chat',
    query: z.object({ chat: chat.optional() }),
    responses: { 200: { description: 'Forgotten', body: ok }, ...refusals },
  },
} as const satisfies Record<string, RouteDefinition>

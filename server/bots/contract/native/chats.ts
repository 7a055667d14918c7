/** How chats are sorted on the phone and here: archive, pin, mute, mark as unread, labels, stars, a timer for messages. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { chat, messageId, userParams } from '../parts.ts'
import { chatFlags, flagsView } from './chat-flags.ts'
import { asked } from './contacts.ts'
import { at, ok, refusals } from './messages.ts'

const labelView = z.object({
  id: z.string(),
  name: z.string(),
  /** One of WhatsApp's 20, by number. */ color: z.number().int(),
})
export type LabelView = z.output<typeof labelView>

export const chatEvent = z.object({
  type: z.literal('chat'),
  userId: z.string(),
  chat: z.string(),
  what: z.enum(['changed', 'deleted', 'cleared', 'starred', 'unstarred', 'message-erased']),
  /** Of the message that got or lost a star. */
  messageId: z.string().nullable(),
  ...chatFlags,
})
export const labelEvent = z.object({
  type: z.literal('label'),
  userId: z.string(),
  label: labelView,
  what: z.enum(['changed', 'deleted', 'put-on', 'taken-off']),
  /** Where it was put, or taken off: a chat, or a message of it. */
  chat: z.string().nullable(),
  messageId: z.string().nullable(),
})

const chatParams = userParams.extend({ chat })
const label = z.string().regex(/^[0-9A-Za-z_-]{1,40}$/)
const labelParams = userParams.extend({ label })
const onMessage = z.object({ message: messageId.optional() })
const name = z.string().trim().min(1).max(100)
const color = z.number().int().min(0).max(19)
const shared = { tag: 'Chats', access: 'local', right: 'bots:use' } as const
const shown = {
  200: { description: 'The chat', body: ok.extend({ chat: z.string(), flags: flagsView, stars: z.array(z.string()) }) },
  ...asked,
}
const done = { 200: { description: 'Done', body: ok }, ...asked }

export const chatRoutes = {
  chat: {
    ...shared,
    method: 'GET',
    path: at('/chats/:chat'),
    summary: 'How a chat is sorted, and which of its messages have a star',
    verb: 'write',
    params: chatParams,
    responses: { ...refusals, 200: shown[200] },
  },
  changeChat: {
    ...shared,
    method: 'PATCH',
    path: at('/chats/:chat'),
    summary: 'Archive, pin, mute, mark as unread, or have messages vanish; on the phone as well',
    params: chatParams,
    body: z.object({
      archived: z.boolean().optional(),
      pinned: z.boolean().optional(),
      mutedUntil: z
        .union([z.iso.datetime(), z.literal('forever')])
        .nullable()
        .optional(),
      markedUnread: z.boolean().optional(),
      /** Seconds; WhatsApp knows a day, a week and 90 days. */
      timer: z.union([z.literal(0), z.literal(86_400), z.literal(604_800), z.literal(7_776_000)]).optional(),
    }),
    responses: shown,
  },
  removeChat: {
    ...shared,
    method: 'DELETE',
    path: at('/chats/:chat'),
    summary: 'Delete a chat on the phone, with its messages here',
    description: '`DELETE …/log?chat=` forgets them here alone.',
    params: chatParams,
    responses: done,
  },
  clearChat: {
    ...shared,
    method: 'POST',
    path: at('/chats/:chat/clear'),
    summary: 'Delete the messages of a chat on the phone and here; the chat stays',
    params: chatParams,
    responses: done,
  },
  starMessage: {
    ...shared,
    method: 'PUT',
    path: at('/chats/:chat/stars/:messageId'),
    summary: 'Give a message a star',
    params: chatParams.extend({ messageId }),
    body: z.object({ fromMe: z.boolean().default(false) }),
    responses: done,
  },
  unstarMessage: {
    ...shared,
    method: 'DELETE',
    path: at('/chats/:chat/stars/:messageId'),
    summary: 'Take the star of a message away',
    params: chatParams.extend({ messageId }),
    query: z.object({ fromMe: z.stringbool().default(false) }),
    responses: done,
  },
  labels: {
    ...shared,
    method: 'GET',
    path: at('/labels'),
    summary: 'The labels of the account',
    description: 'WhatsApp Business has them; on other accounts they are shared by its devices and shown by none.',
    verb: 'write',
    params: userParams,
    responses: { 200: { description: 'Labels', body: ok.extend({ labels: z.array(labelView) }) }, ...refusals },
  },
  addLabel: {
    ...shared,
    method: 'POST',
    path: at('/labels'),
    summary: 'Make a label',
    params: userParams,
    body: z.object({ name, color: color.default(0) }),
    responses: { 201: { description: 'Made', body: ok.extend({ label: labelView }) }, ...asked },
  },
  changeLabel: {
    ...shared,
    method: 'PATCH',
    path: at('/labels/:label'),
    summary: 'Rename or recolour a label',
    params: labelParams,
    body: z.object({ name: name.optional(), color: color.optional() }),
    responses: { 200: { description: 'The label', body: ok.extend({ label: labelView }) }, ...asked },
  },
  removeLabel: {
    ...shared,
    method: 'DELETE',
    path: at('/labels/:label'),
    summary: 'Delete a label; it goes off all chats',
    params: labelParams,
    responses: done,
  },
  putLabel: {
    ...shared,
    method: 'PUT',
    path: at('/chats/:chat/labels/:label'),
    summary: 'Put a label on a chat, or on a message of it',
    params: chatParams.extend({ label }),
    query: onMessage,
    responses: done,
  },
  takeLabel: {
    ...shared,
    method: 'DELETE',
    path: at('/chats/:chat/labels/:label'),
    summary: 'Take a label off a chat, or off a message of it',
    params: chatParams.extend({ label }),
    query: onMessage,
    responses: done,
  },
} as const satisfies Record<string, RouteDefinition>

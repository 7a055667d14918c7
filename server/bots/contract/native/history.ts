/** Messages from before the session was linked. */
import { z } from 'zod'
import type { RouteDefinition } from '../../../http/contract.ts'
import { chat, failure, userParams } from '../parts.ts'
import { asked } from './contacts.ts'
import { at, ok } from './messages.ts'

export const historyEvent = z.object({
  type: z.literal('history'),
  userId: z.string(),
  /** Null for what the phone hands over after linking. */
  chat: z.string().nullable(),
  /** Messages that came, and those of them that were new to the log. */
  came: z.number().int(),
  kept: z.number().int(),
  /** By `…/older`, not after linking. */
  asked: z.boolean(),
})

export const historyRoutes = {
  olderMessages: {
    method: 'POST',
    path: at('/chats/:chat/older'),
    tag: 'Chats',
    access: 'local',
    right: 'bots:use',
    summary: 'Ask the phone for messages before the oldest one that is kept of a chat',
    description:
      'They enter the log as old: no rule sees them, no `message` event tells them, and they are never unread. Needs a kept log and a phone that is on; nothing older than the log keeps is kept. The setting `history` keeps what the phone sends by itself after linking.',
    params: userParams.extend({ chat }),
    body: z.object({ count: z.number().int().min(1).max(500).default(50) }),
    responses: {
      ...asked,
      200: { description: 'How many were new', body: ok.extend({ kept: z.number().int() }) },
      409: failure('The session is not online, keeps no log, or has no message of the chat'),
      504: failure('The phone has not answered'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

/** Who is there, and who is writing: shown to others, and learnt of them. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { failure, userParams } from '../parts.ts'
import { at, chat, ok, refusals } from './messages.ts'

const presence = {
  /** In a person's chat that person, in a group one of its members. */
  person: z.string(),
  state: z.enum(['online', 'offline', 'typing', 'recording']),
  /** When somebody who is offline was here last; null where WhatsApp does not tell. */
  lastSeen: isoTime.nullable(),
}

export const presenceEvent = z.object({ type: z.literal('presence'), userId: z.string(), chat: z.string(), ...presence })

const shared = { tag: 'Contacts', access: 'local', right: 'bots:use', params: userParams } as const
const notOnline = { ...refusals, 409: failure('The session is not online') }

export const presenceRoutes = {
  presence: {
    ...shared,
    method: 'POST',
    path: at('/presence'),
    summary: 'Show as online, typing or recording',
    body: z.object({ state: z.enum(['available', 'unavailable', 'typing', 'recording', 'paused']), chat: chat.optional() }),
    responses: { 200: { description: 'Shown', body: ok }, ...notOnline },
  },
  subscribePresence: {
    ...shared,
    method: 'POST',
    path: at('/presence/subscribe'),
    summary: 'Have WhatsApp tell who is there and writes in a chat',
    description:
      'What it tells comes as `presence` events. It lasts until the session is stopped; the setting `followsPresence` asks for each person who writes. WhatsApp tells it only to those who are shown as online themselves.',
    body: z.object({ chat }),
    responses: { 200: { description: 'Asked for', body: ok }, ...notOnline },
  },
  presences: {
    ...shared,
    method: 'GET',
    path: at('/presence'),
    summary: 'Who is there and writes in a chat, as last heard',
    description: 'Kept in memory alone. Who has been typing for more than half a minute is not any more.',
    verb: 'write',
    query: z.object({ chat }),
    responses: {
      200: {
        description: 'Each person of whom something was heard',
        body: ok.extend({ presences: z.array(z.object({ ...presence, at: isoTime })) }),
      },
      ...refusals,
    },
  },
} as const satisfies Record<string, RouteDefinition>

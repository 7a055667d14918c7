/** What happens to a bot, as its socket and its webhooks tell it. */
import { z } from 'zod'
import type { SocketDefinition } from '../../../http/contract.ts'
import { userParams } from '../parts.ts'
import { editedEvent, pinnedEvent, revokedEvent } from './changes.ts'
import { channelEvent } from './channels.ts'
import { groupEvent } from './group-views.ts'
import { mediaEvent } from './media-view.ts'
import { messageView, sentView } from './messages.ts'
import { mergedEvent } from './people.ts'
import { botCause } from './causes.ts'
import { botEventTypes } from './event-types.ts'
import { restrictionView } from './views.ts'
import { callEvent } from './calls.ts'
import { chatEvent, labelEvent } from './chats.ts'
import { statusEvent } from './status.ts'
import { historyEvent } from './history.ts'
import { presenceEvent } from './presence.ts'
import { voteEvent } from './votes.ts'

/** What the socket sends, one JSON object per message. */
export const botEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('message'), userId: z.string(), message: messageView }),
  editedEvent,
  revokedEvent,
  pinnedEvent,
  z.object({ type: z.literal('progress'), userId: z.string(), message: sentView }),
  z.object({ type: z.literal('state'), userId: z.string(), state: z.string(), reason: z.string().nullable(), cause: botCause.nullable() }),
  /** A rule has taken a message: what came of it. */
  z.object({
    type: z.literal('rule'),
    userId: z.string(),
    rule: z.object({ id: z.string(), name: z.string() }),
    outcome: z.enum(['done', 'held', 'failed']),
    problem: z.string().nullable(),
    messageId: z.string(),
    chat: z.string(),
  }),
  presenceEvent,
  callEvent,
  chatEvent,
  labelEvent,
  historyEvent,
  mediaEvent,
  mergedEvent,
  /** WhatsApp holds the account back from something, or does not any more. */
  z.object({ type: z.literal('restriction'), userId: z.string(), restriction: restrictionView.nullable() }),
  channelEvent,
  statusEvent,
  z.object({ type: z.literal('group'), userId: z.string(), group: groupEvent }),
  voteEvent,
])
export type BotEvent = z.output<typeof botEvent>

const anyType = `(${(botEventTypes satisfies readonly BotEvent['type'][]).join('|')})`

export const eventSockets = {
  events: {
    path: '/api/sessions/:userId/events',
    summary: 'Messages, acknowledgements and states as they happen',
    description: '`types` picks some, e.g. `?types=message,state`.',
    tag: 'Messages',
    access: 'local',
    right: 'bots:use',
    verb: 'write',
    params: userParams,
    query: z.object({
      types: z
        .string()
        .regex(new RegExp(`^${anyType}(,${anyType})*$`))
        .optional(),
    }),
  },
} as const satisfies Record<string, SocketDefinition>

/** Changing what was sent. */
import { z } from 'zod'
import { failure, chat, messageId, userParams } from '../parts.ts'
import type { RouteDefinition } from '../../../http/contract.ts'
import { at, ok, refusals, sentView } from './messages.ts'
import { edited } from './outgoing.ts'

export const editRoutes = {
  editMessage: {
    method: 'PUT',
    path: at('/messages/:messageId'),
    tag: 'Messages',
    access: 'local',
    right: 'bots:use',
    params: userParams.extend({ messageId }),
    summary: 'Change the words of a message that was sent',
    description:
      'Of a text, or what stands under a picture, video or document; WhatsApp takes that for 15 minutes. The change is a message of its own in the queue, with an id and a progress of its own. `chat` tells two messages of one id apart. With an `Idempotency-Key` header a repeated call changes once.',
    query: z.object({ chat: chat.optional() }),
    body: edited,
    responses: {
      202: { description: 'Queued: the change, by its own id', body: ok.extend({ message: sentView }) },
      ...refusals,
      409: failure('It cannot be changed, or not any more'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

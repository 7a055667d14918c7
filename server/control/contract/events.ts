/** Events: the audit trail page by page, and all of them as they happen. */
import { z } from 'zod'
import { busEvent } from '../../events/event.ts'
import { apiNames, type RouteDefinition, type SocketDefinition } from '../../http/contract.ts'

export const eventsQuery = z.object({
  /** The last event seen; what came after it is sent first. */ since: z.coerce.number().int().min(0).optional(),
})

export const eventRoutes = {
  audit: {
    method: 'GET',
    path: '/control/v1/audit',
    tag: 'Audit',
    summary: 'The audit trail, newest first, page by page',
    access: 'key',
    right: 'activity:use',
    query: z.object({
      /** Only events with a smaller id: the last id of the page before. */
      before: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(500).default(100),
      room: z.enum(apiNames).optional(),
      tone: z.enum(['neutral', 'good', 'busy', 'attention', 'bad']).optional(),
      /** In title, subject or actor. */
      text: z.string().max(200).optional(),
    }),
    responses: { 200: { description: 'Events', body: z.object({ events: z.array(busEvent), more: z.boolean() }) } },
  },
} as const satisfies Record<string, RouteDefinition>

export const eventSockets = {
  events: {
    path: '/control/v1/events',
    summary: 'All events as they happen',
    description:
      'With `since`, first sends what was missed. Messages are described in `events/event.ts`. A client that cannot set headers offers the sub-protocols `wheelhouse` and `bearer.<token>`.',
    tag: 'Audit',
    access: 'key',
    right: 'activity:use',
    query: eventsQuery,
  },
} as const satisfies Record<string, SocketDefinition>

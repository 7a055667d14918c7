/** What the window's large view of a session and its wall of all sessions ask for. */
import { z } from 'zod'
import type { RouteDefinition, SocketDefinition } from '../../http/contract.ts'
import { failure, sessionId } from './parts.ts'

/** Chromium's id of a page's target. */
const pageId = z.string().regex(/^[0-9A-Za-z-]{1,64}$/)

export const wallRoutes = {
  openPage: {
    method: 'POST',
    path: '/v1/browser-sessions/:id/pages',
    tag: 'Pages',
    summary: 'Open a page in front of the others',
    description: 'Without an address it is empty.',
    access: 'key',
    right: 'browsers:use',
    params: z.object({ id: sessionId }),
    body: z.object({
      address: z
        .url({ protocol: /^https?$/ })
        .max(2_000)
        .optional(),
    }),
    responses: {
      201: { description: 'Open; where it was sent is on its way', body: z.object({ page: z.string() }) },
      404: failure('No such session'),
    },
  },
  closePage: {
    method: 'DELETE',
    path: '/v1/browser-sessions/:id/pages/:page',
    tag: 'Pages',
    summary: 'Close a page',
    description: 'A session always has one: in the place of the last an empty one is opened.',
    access: 'key',
    right: 'browsers:use',
    params: z.object({ id: sessionId, page: pageId }),
    responses: { 204: { description: 'It goes' }, 404: failure('No such session or page') },
  },
} as const satisfies Record<string, RouteDefinition>

export const wallSockets = {
  wall: {
    path: '/v1/browser-wall',
    summary: 'Live wall: small pictures of many sessions over one socket',
    description:
      'Messages are described in `wall-messages.ts`. Frames are sent only of what the client says is in sight, only when they change, and the latest wins.',
    tag: 'Sessions',
    access: 'key',
    right: 'browsers:use',
    maxMessageBytes: 65_536,
  },
} as const satisfies Record<string, SocketDefinition>

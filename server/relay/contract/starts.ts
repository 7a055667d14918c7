/** Giving up the start of a server. */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { failure, upstreamId } from './parts.ts'
import { upstreamView } from './upstream.ts'

export const startRoutes = {
  cancelStart: {
    method: 'POST',
    path: '/v1/upstreams/:id/cancel',
    tag: 'Window',
    summary: 'Give up the start of a server: it stays off until somebody starts it again',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: upstreamId }),
    responses: {
      200: { description: 'The server', body: upstreamView },
      404: failure('No such server'),
      409: failure('It is not being started'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

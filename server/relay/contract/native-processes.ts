/** Connections to servers that clients or sessions have for themselves; which there are stands with each server. */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { failure, upstreamId } from './parts.ts'
import { upstreamView } from './upstream.ts'

export const processRoutes = {
  endOwnProcess: {
    method: 'DELETE',
    path: '/v1/upstreams/:id/own/:process',
    tag: 'Window',
    summary: 'End a connection that a client or session has to a server for itself',
    description: 'Its process ends with it. What runs there fails; the next request of the client opens another.',
    access: 'key',
    right: 'relay:manage',
    params: z.object({ id: upstreamId, process: z.string().min(1).max(128) }),
    responses: { 200: { description: 'The server', body: upstreamView }, 404: failure('No such server, or it has ended') },
  },
} as const satisfies Record<string, RouteDefinition>

/** The MCP servers of the relay. */
import { z } from 'zod'
import type { RouteDefinition } from '../../http/contract.ts'
import { newUpstream, upstreamPatch, upstreamSettings, upstreamView } from '../../relay/contract/upstream.ts'
import { failure } from './parts.ts'

const upstreamRow = z.string().min(1).max(64)

export const upstreamRoutes = {
  upstreams: {
    method: 'GET',
    path: '/control/v1/upstreams',
    tag: 'Servers',
    summary: 'The MCP servers of the relay, without what may be secret in how they are run or called',
    access: 'key',
    right: 'control:use',
    responses: { 200: { description: 'Servers', body: z.object({ upstreams: z.array(upstreamView) }) } },
  },
  createUpstream: {
    method: 'POST',
    path: '/control/v1/upstreams',
    tag: 'Servers',
    summary: 'Add an MCP server; it is started in the background',
    access: 'key',
    right: 'control:manage',
    body: newUpstream,
    responses: { 201: { description: 'The server', body: upstreamView }, 400: failure('Invalid'), 409: failure('The name is taken') },
  },
  changeUpstream: {
    method: 'PATCH',
    path: '/control/v1/upstreams/:id',
    tag: 'Servers',
    summary: 'Change an MCP server; what is left out stays, a variable or header set to null goes',
    access: 'key',
    right: 'control:manage',
    params: z.object({ id: upstreamRow }),
    body: upstreamPatch,
    responses: {
      200: { description: 'The server', body: upstreamView },
      400: failure('Invalid'),
      404: failure('No such server'),
      409: failure('The name is taken, or the server is built in'),
    },
  },
  revealUpstream: {
    method: 'POST',
    path: '/control/v1/upstreams/:id/reveal',
    tag: 'Servers',
    summary: 'All that an MCP server is run or called with, secrets too',
    description: 'For changing it; lists keep secrets back. Noted in the audit trail.',
    access: 'key',
    right: 'control:manage',
    params: z.object({ id: upstreamRow }),
    responses: {
      200: { description: 'Its settings', body: upstreamSettings },
      404: failure('No such server'),
      409: failure('The server is built in, or its settings are locked'),
    },
  },
  removeUpstream: {
    method: 'DELETE',
    path: '/control/v1/upstreams/:id',
    tag: 'Servers',
    summary: 'Remove an MCP server',
    access: 'key',
    right: 'control:manage',
    params: z.object({ id: upstreamRow }),
    responses: { 204: { description: 'Removed' }, 404: failure('No such server'), 409: failure('The server is built in') },
  },
} as const satisfies Record<string, RouteDefinition>

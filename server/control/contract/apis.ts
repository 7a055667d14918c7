/** The APIs: their addresses, and who reaches them. */
import { z } from 'zod'
import { apiNames, type RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

const apiState = z.enum(['listening', 'port-in-use', 'off', 'starting', 'failed'])

const apiView = z.object({
  name: z.enum(apiNames),
  title: z.string(),
  state: apiState,
  /** On its own port; under the control port's prefix while it has none. */
  url: z.string(),
  /** Under the control port. */
  prefixUrl: z.string(),
  port: z.number().int().nullable(),
  configuredPort: z.union([z.number().int(), z.literal('off')]),
  error: z.string().nullable(),
  /** The next free port, when the configured one is taken. */
  freePort: z.number().int().nullable(),
  openTo: z.enum(['machine', 'lan']),
  insecureNoKey: z.boolean(),
  /** True while the LAN is served without a key. */
  exposed: z.boolean(),
  /** Addresses under which other devices reach it. */
  lanUrls: z.array(z.string()),
  /** Where the port or exposure comes from when a setting cannot change it: a flag or variable. */
  fixedBy: z.string().nullable(),
  /** Whether there is a room behind it: `restarting` in place, or `down`, set aside for a reason that stands under "Needs attention". */
  standing: z.enum(['serving', 'restarting', 'down']),
  /** Errors that a library let escape here since the start, each kept to the session, server or client it came from. */
  contained: z.number().int(),
  publicRoutes: z.array(z.object({ method: z.string(), path: z.string() })),
  keyedRoutes: z.number().int(),
  traffic: z.object({ perSecond: z.number(), p50: z.number().nullable(), p99: z.number().nullable(), failed: z.number().int() }),
})
export type ApiView = z.output<typeof apiView>

const apiParams = z.object({ name: z.enum(apiNames) })

export const apiRoutes = {
  apis: {
    method: 'GET',
    path: '/control/v1/apis',
    tag: 'APIs',
    summary: 'Each API with its address, state and traffic',
    access: 'key',
    right: 'control:use',
    responses: { 200: { description: 'APIs', body: z.object({ apis: z.array(apiView) }) } },
  },
  startApi: {
    method: 'POST',
    path: '/control/v1/apis/:name/start',
    tag: 'APIs',
    summary: 'Serve an API on its own port, or try its port again',
    access: 'key',
    right: 'control:manage',
    params: apiParams,
    responses: { 200: { description: 'Its state', body: apiView } },
  },
  stopApi: {
    method: 'POST',
    path: '/control/v1/apis/:name/stop',
    tag: 'APIs',
    summary: 'Stop serving an API on its own port until the next start',
    access: 'key',
    right: 'control:manage',
    params: apiParams,
    responses: { 200: { description: 'Its state', body: apiView }, 409: failure('The control API cannot be stopped through itself') },
  },
  changeApi: {
    method: 'PATCH',
    path: '/control/v1/apis/:name',
    tag: 'APIs',
    summary: 'Change port or exposure; only this listener restarts, after the new address is known to work',
    access: 'key',
    right: 'control:manage',
    params: apiParams,
    body: z.object({
      port: z.union([z.number().int().min(0).max(65_535), z.literal('off')]).optional(),
      openTo: z.enum(['machine', 'lan']).optional(),
      insecureNoKey: z.boolean().optional(),
    }),
    responses: {
      200: { description: 'Its state', body: apiView },
      409: failure('The port is taken, or the value is fixed by a flag or variable'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

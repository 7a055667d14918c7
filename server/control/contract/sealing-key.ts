/** The key that seals secrets, and what is locked while it is missing. */
import { z } from 'zod'
import { roomNames, type RouteDefinition } from '../../http/contract.ts'
import { failure } from './parts.ts'

const sealingView = z.object({
  state: z.enum(['open', 'changed', 'missing', 'broken', 'protected']),
  /** What is wrong with the key, null when nothing is. */
  reason: z.string().nullable(),
  /** By room, what of it no key opens, e.g. `2 bots`. */
  locked: z.array(z.object({ room: z.enum(roomNames), what: z.array(z.string()) })),
})
export type SealingView = z.output<typeof sealingView>

export const sealingKeyRoutes = {
  sealing: {
    method: 'GET',
    path: '/control/v1/sealing-key',
    tag: 'House',
    summary: 'Whether what is sealed can be opened, and what is locked while its key is missing',
    access: 'key',
    right: 'control:use',
    responses: { 200: { description: 'The sealing key', body: sealingView } },
  },
  retrySealing: {
    method: 'POST',
    path: '/control/v1/sealing-key/retry',
    tag: 'House',
    summary: 'Read the sealing key again, after its file was put back; rooms with something locked are started anew',
    access: 'key',
    right: 'control:manage',
    responses: { 200: { description: 'What is the case now', body: sealingView } },
  },
  giveUpLocked: {
    method: 'POST',
    path: '/control/v1/sealing-key/give-up',
    tag: 'House',
    summary: 'Remove, for good, what is locked in one room',
    description: 'For a key that is lost for ever. Where there is no key at all, a new one is made.',
    access: 'key',
    right: 'control:manage',
    body: z.object({ room: z.enum(roomNames) }),
    responses: {
      200: { description: 'What is left', body: sealingView },
      409: failure('Nothing is locked there, or the key is not lost'),
    },
  },
} as const satisfies Record<string, RouteDefinition>

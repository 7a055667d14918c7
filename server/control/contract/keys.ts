/** Keys: what they may do, for how long, and from where. */
import { z } from 'zod'
import { apiNames, isoTime, type RouteDefinition } from '../../http/contract.ts'
import { rights } from '../../http/rights.ts'
import { isLimitable, keyOnly, keyRight, keyScope, subject } from './key-scopes.ts'
import { failure } from './parts.ts'

const keyFrom = z.union(
  [z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()],
  'Give an address such as 192.168.1.20 or a network such as 192.168.1.0/24',
)
/** Either verbs of the older form, or `use` and `manage` as another way to write `rights`. */
const wantedScope = z
  .object({ room: z.enum(apiNames), verb: z.enum(['read', 'write', 'use', 'manage']), subject: subject.optional() })
  .refine((scope) => scope.subject === undefined || isLimitable(scope.room), 'Keys of this room open all of it')
const isOlder = ({ verb }: { verb: string }): boolean => verb === 'read' || verb === 'write'

/** What a new key may do is named, in one of the two forms; nothing is taken for granted. */
const newKey = z
  .object({
    name: z.string().trim().min(1).max(60),
    rights: z.array(keyRight).min(1).max(rights.length).optional(),
    only: keyOnly.default({}),
    scopes: z
      .array(wantedScope)
      .min(1)
      .max(12)
      .refine(
        (scopes) => scopes.every(isOlder) || !scopes.some(isOlder),
        'read and write are the older form: they do not stand beside use and manage',
      )
      .optional(),
    from: keyFrom.nullable().default(null),
    /** Null for never. Left out: never too, but for a key that may do everything, which ends after the longest it may last. */
    expiresAt: isoTime.nullable().optional(),
  })
  .refine((key) => (key.rights === undefined) !== (key.scopes === undefined), {
    error: 'Say what it may do: rights, or scopes of the older form',
    path: ['rights'],
  })

export const keyView = z.object({
  id: z.string(),
  name: z.string(),
  /** The first characters, to tell keys apart. */
  prefix: z.string(),
  /** What it may do; null for a key of the older form, which has scopes. */
  rights: z.array(keyRight).nullable(),
  /** The things it is limited to, by room. */
  only: keyOnly,
  /** The address or network that may use it. */
  from: z.string().nullable(),
  /** Of a key of the older form; they open the least they had. */
  scopes: z.array(keyScope),
  createdAt: isoTime,
  lastUsedAt: isoTime.nullable(),
  lastUsedFrom: z.string().nullable(),
  expiresAt: isoTime.nullable(),
})
export type KeyView = z.output<typeof keyView>
export const keyId = z.string().regex(/^key_[0-9A-Za-z_-]{6,40}$/)

export const keyRoutes = {
  keys: {
    method: 'GET',
    path: '/control/v1/keys',
    tag: 'Keys',
    summary: 'All keys, without their secrets',
    access: 'key',
    right: 'control:use',
    responses: { 200: { description: 'Keys', body: z.object({ keys: z.array(keyView) }) } },
  },
  createKey: {
    method: 'POST',
    path: '/control/v1/keys',
    tag: 'Keys',
    summary: 'Make a key; its secret is in this answer and nowhere else',
    access: 'key',
    right: 'control:manage',
    description: `\`rights\` says what it may do: ${rights.map((right) => `\`${right}\``).join(', ')}. \`manage\` includes \`use\` of the same room; \`control:manage\` lets its holder run any program on this machine, send its data to any address and make more keys, so it includes all others and ends within 7 days. \`scopes\` is the older form; one of \`control\` and \`manage\` ends after 7 days when nothing is said.`,
    body: newKey,
    responses: {
      201: { description: 'The key with its secret', body: keyView.extend({ secret: z.string() }) },
      400: failure('Invalid, or `control:manage` for longer than 7 days'),
      409: failure('A key of this name exists'),
    },
  },
  narrowKey: {
    method: 'PATCH',
    path: '/control/v1/keys/:id',
    tag: 'Keys',
    summary: 'Take rights away from a key; its holder notices at the next call',
    description: 'More rights need a new key. A key of the older form can be given rights that are less than its scopes.',
    access: 'key',
    right: 'control:manage',
    params: z.object({ id: keyId }),
    body: z.object({ rights: z.array(keyRight).min(1).max(rights.length), only: keyOnly.optional() }),
    responses: {
      200: { description: 'The key', body: keyView },
      400: failure('Invalid, or `control:manage` for a key that lasts longer than 7 days'),
      404: failure('No such key'),
      409: failure('It would be more than the key has'),
    },
  },
  revokeKey: {
    method: 'DELETE',
    path: '/control/v1/keys/:id',
    tag: 'Keys',
    summary: 'Revoke a key',
    access: 'key',
    right: 'control:manage',
    params: z.object({ id: keyId }),
    responses: { 204: { description: 'Revoked' }, 404: failure('No such key') },
  },
} as const satisfies Record<string, RouteDefinition>

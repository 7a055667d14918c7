/** What the control API shows and takes, thing by thing. */
import { z } from 'zod'
import { settingsSchema } from '../../config/settings.ts'
import { apiNames, isoTime, roomNames, type ApiName } from '../../http/contract.ts'
import { rights, roomsWithSubjects } from '../../http/rights.ts'
import { attentionItem, roomSummary } from '../../room-report.ts'

export const failed = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    requestId: z.string(),
  }),
})
export const failure = (description: string) => ({ description, body: failed })

export const apiState = z.enum(['listening', 'port-in-use', 'off', 'starting', 'failed'])

export const apiView = z.object({
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

/** Rooms in which a key can be limited to some things. */
const isLimitable = (room: ApiName): boolean => roomsWithSubjects.some((name) => name === room)
const subject = z.string().min(1).max(100)

export const keyRight = z.enum(rights)
export const keyOnly = z.partialRecord(z.enum(roomsWithSubjects), z.array(subject).min(1).max(100))

/** What a key of the older form has instead of rights. */
export const keyScope = z
  .object({
    room: z.enum(apiNames),
    verb: z.enum(['read', 'write']),
    /** Only this one; the whole room when left out. */ subject: subject.optional(),
  })
  .refine((scope) => scope.subject === undefined || isLimitable(scope.room), 'Keys of this room open all of it')
export type KeyScope = z.output<typeof keyScope>

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
export const newKey = z
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

export const userId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$/)
export const email = z.email().max(254)
export const credits = z.number().int().min(0).max(1_000_000_000)
export const userView = z.object({ id: z.string(), primaryEmail: z.string(), credits: z.number().int(), createdAt: isoTime })
export type UserView = z.output<typeof userView>

export const settingsView = z.object({
  settings: settingsSchema,
  /** Dotted paths fixed from outside, with the flag or variable that fixes them. */
  fixed: z.record(z.string(), z.string()),
  /** Values of the file that could not be used: kept aside, not lost. */
  setAside: z.array(z.object({ path: z.string(), reason: z.string() })),
  file: z.string(),
})
export type SettingsView = z.output<typeof settingsView>

export const sealingView = z.object({
  state: z.enum(['open', 'changed', 'missing', 'broken', 'protected']),
  /** What is wrong with the key, null when nothing is. */
  reason: z.string().nullable(),
  /** By room, what of it no key opens, e.g. `2 bots`. */
  locked: z.array(z.object({ room: z.enum(roomNames), what: z.array(z.string()) })),
})
export type SealingView = z.output<typeof sealingView>

export const overview = z.object({
  rooms: z.array(roomSummary),
  /** Unix seconds of each point of the series. */
  times: z.array(z.number()),
  attention: z.array(attentionItem),
})
export type Overview = z.output<typeof overview>

export const eventsQuery = z.object({
  /** The last event seen; what came after it is sent first. */ since: z.coerce.number().int().min(0).optional(),
})

/** The control API: what the window, the tray and scripts need over all rooms. */
import { z } from 'zod'
import { siteProfile, siteProfileName } from '../browsers/contract/site-profile.ts'
import { settingsSchema } from '../config/settings.ts'
import { busEvent } from '../events/event.ts'
import { newUpstream, upstreamPatch, upstreamSettings, upstreamView } from '../relay/contract/upstream.ts'
import { apiNames, defineContract, isoTime, roomNames, type ApiName } from '../http/contract.ts'
import { rights, roomsWithSubjects } from '../http/rights.ts'
import { attentionItem, roomSummary } from '../room-report.ts'

const failed = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    requestId: z.string(),
  }),
})
const failure = (description: string) => ({ description, body: failed })

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

export const userId = z.string().regex(/^[0-9A-Za-z][0-9A-Za-z_.@-]{0,63}$/)
const email = z.email().max(254)
const credits = z.number().int().min(0).max(1_000_000_000)
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

const upstreamRow = z.string().min(1).max(64)
const apiParams = z.object({ name: z.enum(apiNames) })

export const controlContract = defineContract({
  api: 'control',
  title: 'Control',
  version: '1.0.0',
  description: 'Health, APIs, settings, keys, accounts, audit and events of this Wheelhouse.',
  routes: {
    health: {
      method: 'GET',
      path: '/control/v1/health',
      tag: 'House',
      summary: 'Whether the server runs',
      access: 'public',
      right: 'anyone',
      responses: { 200: { description: 'It runs', body: z.object({ status: z.literal('ok'), version: z.string(), uptime: z.number() }) } },
    },
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
    overview: {
      method: 'GET',
      path: '/control/v1/overview',
      tag: 'House',
      summary: 'Counts, rates and what needs attention',
      access: 'key',
      right: 'activity:use',
      query: z.object({ span: z.enum(['15m', '1h', '24h']).default('15m') }),
      responses: { 200: { description: 'Overview', body: overview } },
    },
    restartRoom: {
      method: 'POST',
      path: '/control/v1/rooms/:name/restart',
      tag: 'House',
      summary: 'Stop a room and start it again, alone; for one that was set aside because it failed',
      access: 'key',
      right: 'control:manage',
      params: z.object({ name: z.enum(roomNames) }),
      responses: { 204: { description: 'It serves again' }, 503: failure('It failed again') },
    },
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
    settings: {
      method: 'GET',
      path: '/control/v1/settings',
      tag: 'Settings',
      summary: 'All settings, what fixes them and what was set aside',
      access: 'key',
      right: 'control:use',
      responses: { 200: { description: 'Settings', body: settingsView } },
    },
    changeSettings: {
      method: 'PATCH',
      path: '/control/v1/settings',
      tag: 'Settings',
      summary: 'Change settings; what is left out stays',
      access: 'key',
      right: 'control:manage',
      body: z.record(z.string(), z.unknown()),
      responses: {
        200: { description: 'Settings', body: settingsView },
        400: failure('A value is not accepted'),
        409: failure('A value is fixed by a flag or variable'),
      },
    },
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
    users: {
      method: 'GET',
      path: '/control/v1/users',
      tag: 'Accounts',
      summary: 'The accounts of the relay',
      access: 'key',
      right: 'relay:manage',
      responses: { 200: { description: 'Accounts', body: z.object({ users: z.array(userView) }) } },
    },
    createUser: {
      method: 'POST',
      path: '/control/v1/users',
      tag: 'Accounts',
      summary: 'Add an account',
      access: 'key',
      right: 'relay:manage',
      body: z.object({ id: userId.optional(), primaryEmail: email, credits: credits.default(0) }),
      responses: {
        201: { description: 'The account', body: userView },
        400: failure('Invalid'),
        409: failure('The id or address is taken'),
      },
    },
    changeUser: {
      method: 'PATCH',
      path: '/control/v1/users/:id',
      tag: 'Accounts',
      summary: 'Change an account',
      access: 'key',
      right: 'relay:manage',
      params: z.object({ id: userId }),
      body: z.object({ primaryEmail: email.optional(), credits: credits.optional() }),
      responses: {
        200: { description: 'The account', body: userView },
        404: failure('No such account'),
        409: failure('The address is taken'),
      },
    },
    removeUser: {
      method: 'DELETE',
      path: '/control/v1/users/:id',
      tag: 'Accounts',
      summary: 'Remove an account',
      access: 'key',
      right: 'relay:manage',
      params: z.object({ id: userId }),
      responses: { 204: { description: 'Removed' }, 404: failure('No such account') },
    },
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
    siteProfiles: {
      method: 'GET',
      path: '/control/v1/site-profiles',
      tag: 'Site profiles',
      summary: 'What logins there are',
      access: 'key',
      right: 'browsers:use',
      responses: { 200: { description: 'Profiles', body: z.object({ profiles: z.array(siteProfile.extend({ builtIn: z.boolean() })) }) } },
    },
    siteProfile: {
      method: 'GET',
      path: '/control/v1/site-profiles/:name',
      tag: 'Site profiles',
      summary: 'One profile',
      access: 'key',
      right: 'browsers:use',
      params: z.object({ name: siteProfileName }),
      responses: {
        200: { description: 'The profile', body: siteProfile.extend({ builtIn: z.boolean() }) },
        404: failure('No such profile'),
      },
    },
    putSiteProfile: {
      method: 'PUT',
      path: '/control/v1/site-profiles/:name',
      tag: 'Site profiles',
      summary: 'Make or replace a profile',
      description: 'Replacing a built-in profile overrides it; deleting the override brings the built-in one back.',
      access: 'key',
      right: 'control:manage',
      params: z.object({ name: siteProfileName }),
      body: siteProfile.omit({ name: true }).extend({ name: siteProfileName.optional() }),
      responses: { 200: { description: 'The profile', body: siteProfile.extend({ builtIn: z.boolean() }) }, 400: failure('Invalid') },
    },
    removeSiteProfile: {
      method: 'DELETE',
      path: '/control/v1/site-profiles/:name',
      tag: 'Site profiles',
      summary: 'Remove a profile',
      access: 'key',
      right: 'control:manage',
      params: z.object({ name: siteProfileName }),
      responses: { 204: { description: 'Removed' }, 404: failure('No such profile'), 409: failure('A built-in profile cannot be removed') },
    },
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
    whoAmI: {
      method: 'GET',
      path: '/control/v1/session',
      tag: 'Sign-in',
      summary: 'Who is signed in',
      access: 'key',
      right: 'any-key',
      responses: {
        200: {
          description: 'The caller',
          body: z.object({ actor: z.string(), scopes: z.array(keyScope).nullable(), rights: z.array(keyRight).nullable() }),
        },
        401: failure('Nobody'),
      },
    },
    signIn: {
      method: 'POST',
      path: '/control/v1/session',
      tag: 'Sign-in',
      summary: 'Sign a browser in with a one-time code or a key; sets a strict same-site cookie',
      access: 'public',
      right: 'anyone',
      body: z.union([z.object({ code: z.string().min(1).max(200) }), z.object({ key: z.string().min(1).max(200) })]),
      responses: {
        200: { description: 'Signed in', body: z.object({ actor: z.string() }) },
        401: failure('The code was used or is over, or the key is not known'),
      },
    },
    signOut: {
      method: 'DELETE',
      path: '/control/v1/session',
      tag: 'Sign-in',
      summary: 'Sign this browser out',
      access: 'key',
      right: 'any-key',
      responses: { 204: { description: 'Signed out' } },
    },
    createSignInLink: {
      method: 'POST',
      path: '/control/v1/sign-in-links',
      tag: 'Sign-in',
      summary: 'A link that signs one browser in once',
      access: 'key',
      right: 'control:manage',
      responses: { 201: { description: 'The link', body: z.object({ url: z.string(), expiresAt: isoTime }) } },
    },
  },
  sockets: {
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
    practiceSite: {
      path: '/control/v1/practice-site',
      summary: 'Sign in to a practice site by default, for as long as this socket is open',
      description:
        'The first message is `{"profile", "captchaAddress"}`, both on this machine; `{"type": "connected"}` answers it, or `{"type": "refused", "message"}`. Nothing of it is stored: with the socket the site ceases to be the default, whichever end dies.',
      tag: 'Site profiles',
      access: 'key',
      right: 'control:manage',
    },
  },
  faults: {
    'key-not-found': { status: 404, remedy: 'Check the id; the list of keys shows those there are.' },
    'key-name-taken': { status: 409, remedy: 'Choose another name.' },
    'key-not-less': { status: 409, remedy: 'Make a new key for more rights.' },
    'key-too-lasting': { status: 400, remedy: 'Let a key to everything end within 7 days.' },
    'user-not-found': { status: 404, remedy: 'Check the id of the user; the list shows those there are.' },
    'user-taken': { status: 409, remedy: 'Choose another id or address.' },
    'upstream-not-found': { status: 404, remedy: 'Check the id; the list of servers shows those there are.' },
    'upstream-taken': { status: 409, remedy: 'Choose another name for the server.' },
    'upstream-invalid': { status: 400, remedy: 'Correct what the message names.' },
    'upstream-built-in': { status: 409, remedy: 'Switch its tools off for a session instead; the built-in server stays.' },
    'upstream-locked': { status: 409, remedy: 'Put the sealing key back, or enter the settings of the server anew.' },
    'profile-invalid': { status: 400, remedy: 'Correct what the message names.' },
    'profile-not-found': { status: 404, remedy: 'Check the name; the list of site profiles shows those there are.' },
    'profile-built-in': { status: 409, remedy: 'Override it with one of your own; a built-in profile stays.' },
    'profile-lent': { status: 409, remedy: 'Wait until the practice site has ended, or end it.' },
    'settings-invalid': { status: 400, remedy: 'Correct the settings that the answer names.' },
    'setting-fixed': { status: 409, remedy: 'Start without the flag or variable that fixes it, or change it there.' },
    'port-in-use': { status: 409, remedy: 'Choose another port, or end the program that has this one.' },
    'api-not-stoppable': { status: 409, remedy: 'Quit Wheelhouse instead.' },
    'api-not-present': { status: 404, remedy: 'Look under "Needs attention" why it is not served.' },
    'sign-in-refused': { status: 401, remedy: 'Make a new sign-in link, or use a key that is known.' },
    'room-down': { status: 503, remedy: 'Look under "Needs attention" why the room is down; then start it again.' },
    'nothing-locked': { status: 409, remedy: 'Nothing has to be done: everything there opens.' },
    'sealing-key-protected': { status: 409, remedy: 'Unlock the key store of the operating system, then read the key again.' },
    'sealed-locked': { status: 503, remedy: 'Put the sealing key back, or give up what it sealed.' },
  },
  errorSchema: failed,
  errorBody: ({ code, message, issues, requestId }) => ({
    error: { code, message, ...(issues.length > 0 ? { issues: issues.map(({ field, message }) => ({ field, message })) } : {}), requestId },
  }),
})

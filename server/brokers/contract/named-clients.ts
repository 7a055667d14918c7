/** Named clients of a session: passwords or keys of their own, and what each may publish and subscribe to. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, name } from './fields.ts'

/** Part of names of queues and of topics in rules: without what separates or stands for something there. */
const clientName = z
  .string({ error: 'name must be a text' })
  .min(1, 'name may not be empty')
  .max(64, 'name may have at most 64 characters')
  .regex(/^[\p{L}\p{N}._-]+$/u, 'name may hold letters, digits, ".", "_" and "-"')

const hasControlCharacter = (text: string): boolean => [...text].some((letter) => letter < ' ' || letter === '\x7f')
const ruledTopic = z
  .string({ error: 'topic must be a text' })
  .min(1, 'topic may not be empty')
  .max(512, 'topic may have at most 512 characters')
  .refine((text) => !hasControlCharacter(text) && text.isWellFormed(), 'topic may not contain control characters')
  .refine(
    (text) =>
      text.split('/').every((level, index, { length }) => level === '+' || (level === '#' ? index === length - 1 : !/[+#]/.test(level))),
    'topic is no MQTT filter: + and # stand alone in their level, # in the last',
  )
  .refine((text) => !text.startsWith('$share/'), 'topic may not be shared: a rule on the filter holds for every group')

export const accessRule = z.object({
  action: z.enum(['publish', 'subscribe', 'both'], { error: 'action must be publish, subscribe or both' }),
  permission: z.enum(['allow', 'deny'], { error: 'permission must be allow or deny' }),
  /** Filter with + and #; %u stands for the client's name, %c for its MQTT client id or `userId`. */
  topic: ruledTopic,
})
export type AccessRuleInput = z.output<typeof accessRule>
const rules = z.array(accessRule, { error: 'rules must be a list' }).max(200, 'rules may have at most 200 rows')

const password = z
  .string({ error: 'password must be a text' })
  .min(8, 'password must have at least 8 characters')
  .max(1_024, 'password may have at most 1024 characters')

export const namedClient = z.object({
  name: z.string(),
  /** A password that was chosen, or a key that was made. */
  credential: z.enum(['password', 'key']),
  /** In their order: the first that applies decides, and where none does the client may not. */
  rules: z.array(accessRule),
  createdAt: isoTime,
  /** Of its last login, to the minute. */
  lastSeenAt: isoTime.nullable(),
  connections: z.int(),
})
export type NamedClientView = z.output<typeof namedClient>

const withKey = z.object({
  client: namedClient,
  /** Shown once; null where a password was given. */
  key: z.string().nullable(),
})
const verdict = z.object({
  allowed: z.boolean(),
  /** Which rule decided, from 0; null where none applied, which denies. */
  rule: z.int().nullable(),
})
export type AccessVerdict = z.output<typeof verdict>

const sessionParams = z.object({ name })
const clientParams = sessionParams.extend({ client: z.string().max(64) })
const missing = failure('No such session or named client')
const invalid = failure('Invalid')

export const namedClientRoutes = {
  namedClients: {
    method: 'GET',
    path: '/v1/sessions/:name/named-clients',
    tag: 'Named clients',
    summary: 'Clients with a password or key of their own, and their rules',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    responses: { 200: { description: 'Named clients by name', body: z.object({ clients: z.array(namedClient) }) }, 404: missing },
  },
  addNamedClient: {
    method: 'POST',
    path: '/v1/sessions/:name/named-clients',
    tag: 'Named clients',
    summary: 'Let a client in under a name of its own',
    description:
      'Without `password` a key is made and shown once. Without `rules` it may do everything. MQTT clients give `SESSION:NAME` as user name; JSON clients give the name as `userId`, or `SESSION:NAME` as `sessionName`.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    body: z.object({ name: clientName, password: password.optional(), rules: rules.optional() }),
    responses: { 201: { description: 'The client, and its key', body: withKey }, 400: invalid, 404: missing },
  },
  changeNamedClient: {
    method: 'PATCH',
    path: '/v1/sessions/:name/named-clients/:client',
    tag: 'Named clients',
    summary: 'Replace the rules of a client; they are in force at once',
    description: 'Subscriptions that are not allowed any more end, and what waits for the client on topics it may not read is taken away.',
    access: 'key',
    right: 'brokers:use',
    params: clientParams,
    body: z.object({ rules }),
    responses: { 200: { description: 'The client', body: namedClient }, 400: invalid, 404: missing },
  },
  replaceClientSecret: {
    method: 'POST',
    path: '/v1/sessions/:name/named-clients/:client/secret',
    tag: 'Named clients',
    summary: 'Replace the password or key of a client; its connections end',
    access: 'key',
    right: 'brokers:use',
    params: clientParams,
    body: z.object({ password: password.optional() }),
    responses: { 200: { description: 'The client, and its key', body: withKey }, 400: invalid, 404: missing },
  },
  revokeNamedClient: {
    method: 'DELETE',
    path: '/v1/sessions/:name/named-clients/:client',
    tag: 'Named clients',
    summary: 'Disconnect a client and forget it with its queue',
    access: 'key',
    right: 'brokers:use',
    params: clientParams,
    responses: { 204: { description: 'Gone' }, 404: missing },
  },
  checkAccess: {
    method: 'POST',
    path: '/v1/sessions/:name/access/check',
    tag: 'Named clients',
    summary: 'Whether a client may publish on a topic or subscribe to a filter, and by which rule',
    description: 'With `rules` those are tried in place of the ones the client has; the client need not exist then.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    body: z.object({
      client: clientName,
      /** What %c stands for; the name where it is left out. */
      clientId: z.string().max(256, 'clientId may have at most 256 characters').optional(),
      rules: rules.optional(),
      action: z.enum(['publish', 'subscribe'], { error: 'action must be publish or subscribe' }),
      topic: z
        .string({ error: 'topic must be a text' })
        .min(1, 'topic may not be empty')
        .max(1_024, 'topic may have at most 1024 characters'),
    }),
    responses: { 200: { description: 'The verdict', body: verdict }, 400: failure('No topic or filter'), 404: missing },
  },
} as const satisfies Record<string, RouteDefinition>

export const namedClientFaults = {
  'no-such-named-client': {
    status: 404,
    message: 'Named client not found',
    remedy: 'Check the name; the list of named clients shows those of the session.',
  },
  'named-client-exists': {
    status: 400,
    message: 'A client of this name exists already',
    remedy: 'Choose another name, or revoke the client that has it.',
  },
  'login-name-taken': {
    status: 400,
    message: 'A session has the name by which it would log in',
    remedy: 'Choose another name: clients log in as SESSION:NAME, and there is a session of that name.',
  },
  'password-of-session': {
    status: 400,
    message: 'This is the password of the session, which opens all of it',
    remedy: 'Choose another password for the client, or have a key made.',
  },
  'too-many-named-clients': {
    status: 400,
    message: 'The session has 10000 named clients already',
    remedy: 'Revoke clients that are not needed.',
  },
} as const

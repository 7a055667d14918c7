/** Bridges of a session to other MQTT brokers. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, name } from './fields.ts'

const hasControlCharacter = (text: string): boolean => [...text].some((letter) => letter < ' ' || letter === '\x7f')
const plainText = (what: string, most: number) =>
  z
    .string({ error: `${what} must be a text` })
    .max(most, `${what} may have at most ${most} characters`)
    .refine((text) => !hasControlCharacter(text), `${what} may not contain control characters`)

export const bridgeState = z.enum(['off', 'connecting', 'connected', 'waiting', 'refused', 'locked'])
export type BridgeState = z.output<typeof bridgeState>

/** Why a bridge is not connected, or not wholly. */
export const bridgeProblemCode = z.enum([
  'address-refused',
  'name-not-found',
  'connection-refused',
  'unreachable',
  'timed-out',
  'no-tls',
  'certificate-not-trusted',
  'certificate-expired',
  'certificate-of-another',
  'client-certificate-refused',
  'tls-failed',
  'no-websocket',
  'not-mqtt',
  'version-refused',
  'client-id-refused',
  'wrong-password',
  'not-authorized',
  'quota-exceeded',
  'unavailable',
  'moved',
  'taken-over',
  'closed',
  'silent',
  'subscription-refused',
  'message-refused',
  'session-refused',
  'session-suspended',
  'sealed-locked',
  'fault',
])
export type BridgeProblemCode = z.output<typeof bridgeProblemCode>

const protocols: Readonly<Record<string, true>> = { 'mqtt:': true, 'mqtts:': true, 'ws:': true, 'wss:': true }
const addressText = 'address must be mqtt://, mqtts://, ws:// or wss:// with a host'
const address = plainText('address', 2_048).superRefine((text, context) => {
  const url = URL.parse(text)
  if (url === null || protocols[url.protocol] !== true || url.hostname === '') return context.addIssue(addressText)
  if (url.username !== '' || url.password !== '')
    context.addIssue('address may not hold a user name or password: they have fields of their own')
  if (url.hash !== '') context.addIssue('address may not have a fragment')
  if (url.protocol.startsWith('mqtt') && (url.search !== '' || !['', '/'].includes(url.pathname)))
    context.addIssue('address may have a path only with ws:// and wss://')
})

const prefix = (what: string) =>
  plainText(what, 512).refine((text) => !/[+#]/.test(text) && !text.startsWith('$share/'), `${what} may hold no wildcard and no $share`)

const isMqttFilter = (filter: string): boolean =>
  filter.split('/').every((level, index, { length }) => level === '+' || (level === '#' ? index === length - 1 : !/[+#]/.test(level)))

export const bridgeTopic = z
  .object({
    direction: z.enum(['in', 'out', 'both'], { error: 'direction must be in, out or both' }),
    /** With wildcards; empty for the one topic that the prefixes name. */
    filter: plainText('filter', 512)
      .refine(isMqttFilter, 'filter is no MQTT filter: + and # stand alone in their level, # in the last')
      .refine((text) => !text.startsWith('$share/'), 'filter may not be shared: a bridge has to see every message'),
    quality: z.union([z.literal(0), z.literal(1), z.literal(2)], { error: 'quality must be 0, 1 or 2' }).default(1),
    /** Stands before the filter in this session, and the other one in the other broker. */
    localPrefix: prefix('localPrefix').default(''),
    remotePrefix: prefix('remotePrefix').default(''),
  })
  .refine(({ filter, localPrefix, remotePrefix }) => filter !== '' || (localPrefix !== '' && remotePrefix !== ''), {
    error: 'filter may be empty only where both prefixes name a topic',
    path: ['filter'],
  })
export type BridgeTopic = z.output<typeof bridgeTopic>

const pem = (what: string) =>
  z
    .string({ error: `${what} must be PEM text` })
    .max(65_536, `${what} may have at most 65536 characters`)
    .refine((text) => text.includes('-----BEGIN '), `${what} must be PEM text`)

const chosen = {
  name: plainText('name', 64).min(1, 'name may not be empty'),
  address,
  version: z.enum(['3.1.1', '5'], { error: 'version must be 3.1.1 or 5' }),
  /** Names this bridge to the other broker, which keeps its queue under it; one is made when left out. */
  clientId: plainText('clientId', 256).min(1, 'clientId may not be empty'),
  username: plainText('username', 1_024).nullable(),
  /** Never shown again; null takes it away. */
  password: z.string({ error: 'password must be a text' }).max(4_096, 'password may have at most 4096 characters').nullable(),
  /** Authorities to trust in place of the usual ones. */
  ca: pem('ca').nullable(),
  /** The certificate by which the bridge shows who it is. */
  certificate: pem('certificate').nullable(),
  /** The certificate’s private key. Never shown again; null takes it away. */
  key: pem('key').nullable(),
  /** The name that the certificate has to bear where it is not the host of the address. */
  serverName: plainText('serverName', 253).min(1, 'serverName may not be empty').nullable(),
  alpn: z.array(plainText('alpn', 255).min(1, 'alpn may hold no empty name')).max(8, 'alpn may have at most 8 names'),
  /** Connects without looking at the certificate: whoever is in between reads and changes everything. */
  insecure: z.boolean({ error: 'insecure must be true or false' }),
  /** Seconds. */
  keepAlive: z
    .int({ error: 'keepAlive must be a whole number' })
    .min(5, 'keepAlive must be at least 5')
    .max(65_535, 'keepAlive must be at most 65535'),
  /** Seconds that the other broker is asked to keep our queue (MQTT 5). */
  sessionExpiry: z
    .int({ error: 'sessionExpiry must be a whole number' })
    .min(0, 'sessionExpiry must be at least 0')
    .max(0xffff_ffff, 'sessionExpiry must be at most 4294967295'),
  topics: z.array(bridgeTopic).min(1, 'topics may not be empty').max(200, 'topics may have at most 200 rows'),
  enabled: z.boolean({ error: 'enabled must be true or false' }),
}

export const newBridge = z.object({
  name: chosen.name,
  address: chosen.address,
  version: chosen.version.default('5'),
  clientId: chosen.clientId.optional(),
  username: chosen.username.default(null),
  password: chosen.password.default(null),
  ca: chosen.ca.default(null),
  certificate: chosen.certificate.default(null),
  key: chosen.key.default(null),
  serverName: chosen.serverName.default(null),
  alpn: chosen.alpn.default([]),
  insecure: chosen.insecure.default(false),
  keepAlive: chosen.keepAlive.default(60),
  sessionExpiry: chosen.sessionExpiry.default(604_800),
  topics: chosen.topics,
  enabled: chosen.enabled.default(true),
})
export type NewBridge = z.output<typeof newBridge>
export const bridgeChange = z.object(chosen).partial()
export type BridgeChange = z.output<typeof bridgeChange>

const problem = z.object({ code: bridgeProblemCode, text: z.string() })

/** Without what is never shown again. */
const { password: _, key: __, ...settings } = chosen

export const brokerBridge = z.object({
  id: z.string(),
  ...settings,
  hasPassword: z.boolean(),
  hasKey: z.boolean(),
  createdAt: isoTime,
  state: bridgeState,
  /** Of the state. */
  since: isoTime,
  problem: problem.nullable(),
  nextTryAt: isoTime.nullable(),
  /** The other broker had kept what waits for us from the connection before. */
  sessionPresent: z.boolean(),
  /** What the other broker did not let us subscribe to. */
  refusedTopics: z.array(z.object({ filter: z.string(), text: z.string() })),
  /** Messages since the brokers were started. */
  sent: z.int(),
  received: z.int(),
  /** Known here or there already: they would have come round again. */
  skipped: z.int(),
  /** Turned down for good, here or there. */
  turnedDown: z.int(),
  /** Waits to go out. */
  queued: z.int(),
  queuedBytes: z.int(),
  lastError: z.object({ at: isoTime, text: z.string() }).nullable(),
})
export type BrokerBridge = z.output<typeof brokerBridge>

const trial = z.object({
  works: z.boolean(),
  problem: problem.nullable(),
  /** What was found on the way, in the order in which it was. */
  steps: z.array(z.string()),
})
export type BridgeTrial = z.output<typeof trial>

const sessionParams = z.object({ name })
const bridgeParams = sessionParams.extend({ bridge: z.string().max(64) })
const invalid = failure('Invalid, or the address may not be reached')
const missing = failure('No such session or bridge')

export const bridgeRoutes = {
  bridges: {
    method: 'GET',
    path: '/v1/sessions/:name/bridges',
    tag: 'Bridges',
    summary: 'Bridges of a session to other MQTT brokers, with their state',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    responses: { 200: { description: 'Bridges by name', body: z.object({ bridges: z.array(brokerBridge) }) }, 404: missing },
  },
  createBridge: {
    method: 'POST',
    path: '/v1/sessions/:name/bridges',
    tag: 'Bridges',
    summary: 'Bridge a session to another MQTT broker',
    description: 'Password and key are kept sealed and never shown again. What is to go out waits on disk while the other broker is away.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    body: newBridge,
    responses: { 201: { description: 'The bridge', body: brokerBridge }, 400: invalid, 404: missing },
  },
  tryBridge: {
    method: 'POST',
    path: '/v1/sessions/:name/bridges/try',
    tag: 'Bridges',
    summary: 'Connect once with these settings and say what fails',
    description: 'Nothing is kept, and no message passes. With `bridge`, secrets that are left out are those of that bridge.',
    access: 'key',
    right: 'brokers:use',
    params: sessionParams,
    body: newBridge.extend({ bridge: z.string().max(64).optional(), password: chosen.password.optional(), key: chosen.key.optional() }),
    responses: { 200: { description: 'How it went', body: trial }, 400: invalid, 404: missing },
  },
  bridge: {
    method: 'GET',
    path: '/v1/sessions/:name/bridges/:bridge',
    tag: 'Bridges',
    summary: 'One bridge',
    access: 'key',
    right: 'brokers:use',
    params: bridgeParams,
    responses: { 200: { description: 'The bridge', body: brokerBridge }, 404: missing },
  },
  changeBridge: {
    method: 'PATCH',
    path: '/v1/sessions/:name/bridges/:bridge',
    tag: 'Bridges',
    summary: 'Change a bridge, or switch it on or off',
    description: 'What is left out stays. While it is off its queue goes on as for a client that is away.',
    access: 'key',
    right: 'brokers:use',
    params: bridgeParams,
    body: bridgeChange,
    responses: { 200: { description: 'The bridge', body: brokerBridge }, 400: invalid, 404: missing },
  },
  removeBridge: {
    method: 'DELETE',
    path: '/v1/sessions/:name/bridges/:bridge',
    tag: 'Bridges',
    summary: 'Remove a bridge with what waits to go out',
    access: 'key',
    right: 'brokers:use',
    params: bridgeParams,
    responses: { 204: { description: 'Gone' }, 404: missing },
  },
  reconnectBridge: {
    method: 'POST',
    path: '/v1/sessions/:name/bridges/:bridge/connect',
    tag: 'Bridges',
    summary: 'Connect now, without waiting for the next try',
    access: 'key',
    right: 'brokers:use',
    params: bridgeParams,
    responses: { 200: { description: 'The bridge', body: brokerBridge }, 404: missing },
  },
} as const satisfies Record<string, RouteDefinition>

export const bridgeFaults = {
  'no-such-bridge': { status: 404, message: 'Bridge not found', remedy: 'Check the id; the list of bridges shows those of the session.' },
  'bridge-exists': { status: 400, message: 'A bridge of this name exists already', remedy: 'Choose another name for the bridge.' },
  'too-many-bridges': { status: 400, message: 'The session has 50 bridges already', remedy: 'Remove a bridge that is not needed.' },
  'bridge-tls-invalid': {
    status: 400,
    remedy: 'Give authority, certificate and private key as PEM; the key must belong to the certificate and bear no passphrase.',
  },
  'address-refused': { status: 400, remedy: 'Give an address on the internet, or allow its network in the settings.' },
  'sealed-locked': { status: 503, remedy: 'Put the sealing key back, or give up what it sealed.' },
} as const

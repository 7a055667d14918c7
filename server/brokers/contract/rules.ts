/** Rules: what a session does by itself with its messages. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../http/contract.ts'
import { failure, name } from './fields.ts'

const sessionParams = z.object({ name })
const ruleParams = sessionParams.extend({ rule: z.string().max(64) })

const text = (what: string, most: number) =>
  z.string({ error: `${what} must be a text` }).max(most, `${what} may have at most ${most} characters`)
const isPlain = (line: string): boolean => ![...line].some((letter) => letter < ' ' || letter === '\x7f')
const line = (what: string, most: number) => text(what, most).refine(isPlain, `${what} may not contain control characters`)

/** A text that must be like another one. `regex` is in RE2's syntax, whose time grows with the text alone. */
const like = {
  how: z.enum(['contains', 'equals', 'starts', 'regex'], { error: 'how must be contains, equals, starts or regex' }),
  value: text('value', 1_000).min(1, 'value may not be empty'),
  caseSensitive: z.boolean({ error: 'caseSensitive must be true or false' }).default(false),
}
export const ruleCondition = z.discriminatedUnion(
  'of',
  [
    /** The content, as text: JSON as it is written. */
    z.object({ of: z.literal('text'), ...like }),
    z.object({ of: z.literal('topic'), ...like }),
    z.object({ of: z.literal('publisher'), ...like }),
    /** A field of content that is JSON, in an object or as text; the content itself where the path is empty. */
    z.object({
      of: z.literal('field'),
      /** Names and numbers parted by dots, e.g. `sensors.0.temperature`. */
      path: text('path', 500).default(''),
      is: z.enum(['equals', 'not', 'greater', 'at-least', 'less', 'at-most', 'contains', 'there', 'missing'], {
        error: 'is must be equals, not, greater, at-least, less, at-most, contains, there or missing',
      }),
      /** Left out for `there` and `missing`. */
      value: z
        .union([z.string().max(1_000), z.number(), z.boolean(), z.null()], { error: 'value must be text, number, true, false or null' })
        .optional(),
    }),
  ],
  { error: 'of must be text, topic, publisher or field' },
)
export type RuleCondition = z.output<typeof ruleCondition>

const reserved =
  /^(?:connection|content-(?:encoding|length|type)|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|user-agent|(?:proxy|webhook)-.*)$/i
const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a header has letters, digits and dashes')
      .refine((header) => !reserved.test(header), 'this header is set by the call itself'),
    z.string().regex(/^[\x20-\x7e]{0,2000}$/, 'a value is one line of plain characters'),
  )
  .refine((all) => Object.keys(all).length <= 20, 'headers may be 20 at most')

/**
 * `{{text}}`, `{{topic}}`, `{{topic.2}}`, `{{data}}`, `{{data.FIELD}}`, `{{publisher}}`, `{{id}}`, `{{at}}`, `{{session}}`, `{{rule}}`, and
 * `{{1}}` to `{{9}}` for the groups of a pattern.
 */
const template = (what: string, most: number) => text(what, most).min(1, `${what} may not be empty`)
const topicAction = z.object({
  type: z.literal('topic'),
  /** Null for the rule's own. */
  session: line('session', 128).min(1, 'session may not be empty').nullable().default(null),
  topic: template('topic', 1_024),
  /**
   * Left out, the message goes on as it is. Otherwise any JSON with placeholders in its texts; a text that is one placeholder alone becomes
   * what that stands for, a number for example.
   */
  data: z.unknown().optional(),
  retain: z.boolean({ error: 'retain must be true or false' }).default(false),
})
const botAction = z.object({
  type: z.literal('bot'),
  /** Its `userId`. */
  bot: line('bot', 128).min(1, 'bot may not be empty'),
  /** A number with its country code, or the id of a chat. */
  chat: z
    .string()
    .regex(
      /^(?:[1-9][0-9]{5,14}|[A-Za-z0-9._-]{1,64}@(?:s\.whatsapp\.net|g\.us|lid))$/,
      'chat must be a number with its country code or the id of a chat',
    ),
  text: template('text', 4_096),
})
const webhookAction = z.object({
  type: z.literal('webhook'),
  /** May be left out where a webhook is changed: the address stays. */
  url: z
    .url({ protocol: /^https?$/, error: 'url must be an http or https address' })
    .max(2_000)
    .optional(),
  /** Sent along with each call; sealed and never shown again. Left out in a change they stay. */
  headers: headers.optional(),
})
export const ruleAction = z.discriminatedUnion('type', [webhookAction, topicAction, botAction], {
  error: 'type must be webhook, topic or bot',
})
export type RuleAction = z.output<typeof ruleAction>

const chosen = {
  name: line('name', 64).min(1, 'name may not be empty'),
  enabled: z.boolean({ error: 'enabled must be true or false' }),
  /** Which topics, with `+` and `#`. */
  filter: text('filter', 1_024).min(1, 'filter may not be empty'),
  /** All must hold. */
  conditions: z.array(ruleCondition).max(20, 'conditions may be 20 at most'),
  action: ruleAction,
  /** Messages that it acts on within a minute; what is above is left out and counted. Null for no limit; 10 for a bot when left out. */
  perMinute: z
    .int({ error: 'perMinute must be a whole number' })
    .min(1, 'perMinute must be at least 1')
    .max(60_000, 'perMinute must be at most 60000')
    .nullable(),
}
export const newRule = z.object({
  ...chosen,
  enabled: chosen.enabled.default(true),
  conditions: chosen.conditions.default([]),
  perMinute: chosen.perMinute.optional(),
})
export type NewRule = z.output<typeof newRule>
const ruleChange = z.object(chosen).partial()
export type RuleChange = z.output<typeof ruleChange>

export const ruleState = z.enum(['on', 'off', 'failing', 'resting', 'locked'])
export type RuleState = z.output<typeof ruleState>

export const brokerRule = z.object({
  id: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  filter: z.string(),
  conditions: z.array(ruleCondition),
  action: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('webhook'),
      /** As much as tells it apart. */
      url: z.string(),
      /** Their names. */
      headers: z.array(z.string()),
      /** `gone`: its receiver answered 410, and it is left alone until somebody tries again. */
      standing: z.enum(['on', 'paused', 'gone']),
      /** Calls that wait, to be made or to be made again. */
      waiting: z.int(),
    }),
    topicAction,
    botAction,
  ]),
  perMinute: z.int().nullable(),
  createdAt: isoTime,
  /** `resting`: the session is suspended. `failing`: what it is to do does not work; it is tried again. */
  state: ruleState,
  matched: z.int(),
  done: z.int(),
  /** Given up: they are dead letters, of the session or of the webhook. */
  failed: z.int(),
  /** Left out by `perMinute`. */
  held: z.int(),
  /** Left out since rules had made them out of each other in a ring, or over more steps than are allowed. */
  looped: z.int(),
  /** Messages that wait for it. */
  queued: z.int(),
  /** Of those given up, what is kept to be tried again. */
  givenUp: z.int(),
  lastFiredAt: isoTime.nullable(),
  problem: z.string().nullable(),
  problemAt: isoTime.nullable(),
})
export type BrokerRule = z.output<typeof brokerRule>

const sample = z.object({
  topic: text('topic', 1_024).min(1, 'topic is required'),
  /** Any JSON; with `encoding` it is Base64. */
  data: z.unknown().nonoptional('data is required'),
  encoding: z.literal('base64').optional(),
  publisher: text('publisher', 256).default('somebody'),
})
export type RuleSample = z.output<typeof sample>
const trial = z.object({
  matched: z.boolean(),
  /** Why not; null where it matched. */
  reason: z.string().nullable(),
  /** The content is encrypted end to end: it can be passed on, and nobody here can look into it. */
  encrypted: z.boolean(),
  /** What would be done. */
  action: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('webhook'), url: z.string(), body: z.unknown() }),
      z.object({
        ...{ type: z.literal('topic'), session: z.string(), topic: z.string(), data: z.unknown() },
        encoding: z.literal('base64').optional(),
        retain: z.boolean(),
      }),
      z.object({ type: z.literal('bot'), bot: z.string(), chat: z.string(), text: z.string() }),
    ])
    .nullable(),
  /** Why that would fail. */
  problem: z.string().nullable(),
})
export type RuleTrial = z.output<typeof trial>

const shared = { tag: 'Rules', access: 'key', right: 'brokers:use' } as const
const missing = failure('No such session or rule')
const malformed = failure('Invalid: a filter or pattern that is none, an unknown placeholder, an address that may not be called')
const beyond = failure('The caller may not do himself what the rule is to do')
const one = { description: 'The rule', body: brokerRule }
const counted = { description: 'How many', body: z.object({ count: z.int() }) }

export const ruleRoutes = {
  rules: {
    ...shared,
    method: 'GET',
    path: '/v1/sessions/:name/rules',
    summary: 'Rules of a session, with what came of them',
    params: sessionParams,
    responses: { 200: { description: 'Rules by name', body: z.object({ rules: z.array(brokerRule) }) }, 404: missing },
  },
  createRule: {
    ...shared,
    method: 'POST',
    path: '/v1/sessions/:name/rules',
    summary: 'Have something done with messages of a topic',
    description:
      'A webhook gets each message by a signed POST (Standard Webhooks; the secret is shown here once), another topic gets it as it is or rewritten, a WhatsApp bot sends a text. Messages from now on; each at least once, on another topic exactly once.',
    params: sessionParams,
    body: newRule,
    responses: {
      201: { description: 'The rule; `secret` for a webhook', body: brokerRule.extend({ secret: z.string().nullable() }) },
      400: malformed,
      403: beyond,
      404: missing,
    },
  },
  tryRule: {
    ...shared,
    method: 'POST',
    path: '/v1/sessions/:name/rules/try',
    summary: 'What a rule that is not kept yet would do with a message; nothing is done',
    params: sessionParams,
    body: z.object({ rule: newRule, message: sample }),
    responses: { 200: { description: 'What would happen', body: trial }, 400: malformed, 404: missing },
  },
  tryKeptRule: {
    ...shared,
    method: 'POST',
    path: '/v1/sessions/:name/rules/:rule/try',
    summary: 'What a rule would do with a message; nothing is done',
    params: ruleParams,
    body: z.object({ message: sample }),
    responses: { 200: { description: 'What would happen', body: trial }, 400: malformed, 404: missing },
  },
  rule: {
    ...shared,
    method: 'GET',
    path: '/v1/sessions/:name/rules/:rule',
    summary: 'One rule',
    params: ruleParams,
    responses: { 200: one, 404: missing },
  },
  changeRule: {
    ...shared,
    method: 'PATCH',
    path: '/v1/sessions/:name/rules/:rule',
    summary: 'Change a rule, or switch it',
    description: 'What is left out stays. One that is switched off forgets what waits for it, and sees nothing until it is on again.',
    params: ruleParams,
    body: ruleChange,
    responses: {
      200: {
        description: 'The rule; `secret` where it calls a webhook from now on',
        body: brokerRule.extend({ secret: z.string().nullable() }),
      },
      400: malformed,
      403: beyond,
      404: missing,
    },
  },
  removeRule: {
    ...shared,
    method: 'DELETE',
    path: '/v1/sessions/:name/rules/:rule',
    summary: 'Remove a rule with what waits for it',
    params: ruleParams,
    responses: { 204: { description: 'Gone' }, 404: missing },
  },
  retryRule: {
    ...shared,
    method: 'POST',
    path: '/v1/sessions/:name/rules/:rule/retry',
    summary: 'Try again what the rule gave up, and a webhook whose receiver said it is gone',
    params: ruleParams,
    responses: { 200: counted, 404: missing },
  },
  discardOfRule: {
    ...shared,
    method: 'POST',
    path: '/v1/sessions/:name/rules/:rule/discard',
    summary: 'Delete what the rule gave up',
    params: ruleParams,
    responses: { 200: counted, 404: missing },
  },
} as const satisfies Record<string, RouteDefinition>

export const ruleFaults = {
  'no-such-rule': { status: 404, message: 'Rule not found', remedy: 'Check the id; the list of rules shows those of the session.' },
  'rule-exists': { status: 400, message: 'A rule of this name exists already', remedy: 'Choose another name for the rule.' },
  'too-many-rules': { status: 400, message: 'The session has 50 rules already', remedy: 'Remove a rule that is not needed.' },
  'rule-malformed': { status: 400, remedy: 'Correct what the message names.' },
  'rule-beyond-caller': { status: 403, remedy: 'Use a key that may do itself what the rule is to do.' },
} as const

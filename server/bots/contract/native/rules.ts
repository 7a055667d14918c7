/** Rules: what a bot does by itself when a message comes. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { at, chat, ok, refusals } from './messages.ts'
import { failure, phoneNumber, userParams } from '../parts.ts'
import { webhookId } from './webhooks.ts'

export const ruleKinds = [
  'text',
  'image',
  'video',
  'audio',
  'document',
  'sticker',
  'location',
  'contact',
  'reaction',
  'poll',
  'album',
  'event',
  'invite',
  'product',
  'order',
  'other',
] as const

export const ruleMatch = z.object({
  /** What the text must be like; null for any. `regex` is in RE2's syntax, whose time grows with the text alone. */
  text: z
    .object({
      how: z.enum(['contains', 'equals', 'starts', 'regex']),
      value: z.string().min(1).max(1_000),
      caseSensitive: z.boolean().default(false),
    })
    .nullable()
    .default(null),
  /** Empty for all. */
  kinds: z.array(z.enum(ruleKinds)).max(ruleKinds.length).default([]),
  /** `anywhere` is people and groups; broadcast lists, channels and status are meant only where they are named. */
  where: z.enum(['anywhere', 'people', 'groups', 'broadcasts', 'channels', 'status']).default('anywhere'),
  /** Numbers or chat ids; empty for all. */
  chats: z.array(chat).max(200).default([]),
  /** Who wrote it; in a group not the same as the chat. Empty for all. */
  senders: z.array(phoneNumber).max(200).default([]),
})
export type RuleMatch = z.output<typeof ruleMatch>

export const ruleAction = z.discriminatedUnion('type', [
  /** `{{text}}`, `{{name}}`, `{{number}}`, `{{chat}}`, `{{time}}`, `{{date}}`, and `{{1}}` to `{{9}}` for the groups of a regex. */
  z.object({ type: z.literal('reply'), template: z.string().min(1).max(4_096), quote: z.boolean().default(false) }),
  /** One of the bot's webhooks is called with the message. */
  z.object({ type: z.literal('webhook'), webhook: webhookId }),
  /** The message goes to a topic of a broker session of this Wheelhouse. */
  z.object({ type: z.literal('publish'), session: z.string().min(1).max(200), topic: z.string().min(1).max(500) }),
])
export type RuleAction = z.output<typeof ruleAction>

const name = z.string().min(1).max(80)
/** Times a rule acts in one chat within a minute: two bots that answer each other come to rest. */
const perMinute = z.number().int().min(1).max(60)
const definition = z.object({
  name,
  enabled: z.boolean().default(true),
  match: ruleMatch.prefault({}),
  action: ruleAction,
  perMinute: perMinute.default(5),
  stop: z.boolean().default(true),
})
export type RuleDefinition = z.output<typeof definition>
const change = z.object({
  name: name.optional(),
  enabled: z.boolean().optional(),
  match: ruleMatch.optional(),
  action: ruleAction.optional(),
  perMinute: perMinute.optional(),
  stop: z.boolean().optional(),
})
export type RuleChange = z.output<typeof change>

export const ruleView = z.object({
  ...{ id: z.string(), name: z.string(), enabled: z.boolean(), match: ruleMatch, action: ruleAction, perMinute: z.number().int() },
  /** True: the rules below it do not see a message it has taken. */
  stop: z.boolean(),
  createdAt: isoTime,
  /** Messages it has taken; of these `held` back by the limit, and `failed`. */
  matched: z.number().int(),
  held: z.number().int(),
  failed: z.number().int(),
  lastMatchedAt: isoTime.nullable(),
  problem: z.string().nullable(),
  problemAt: isoTime.nullable(),
})
export type RuleView = z.output<typeof ruleView>

const ruleId = z.string().regex(/^rule_[0-9A-Za-z]{16}$/)
const ruleParams = userParams.extend({ rule: ruleId })
const shared = { tag: 'Rules', access: 'local', right: 'bots:use', params: userParams } as const
const one = { description: 'The rule', body: ok.extend({ rule: ruleView }) }
const all = { description: 'The rules in their order', body: ok.extend({ rules: z.array(ruleView) }) }
const malformed = {
  ...refusals,
  400: failure('A field is malformed: a pattern that is none, a placeholder that is not known, a webhook that is not there'),
}
const sample = z.object({
  text: z.string().max(65_536).default(''),
  kind: z.enum(ruleKinds).default('text'),
  from: phoneNumber,
  name: z.string().max(200).default(''),
  chat: chat.optional(),
})

export const ruleRoutes = {
  rules: {
    ...shared,
    method: 'GET',
    path: at('/rules'),
    summary: 'Rules in their order, with what came of them',
    verb: 'write',
    responses: { 200: all, ...refusals },
  },
  addRule: {
    ...shared,
    method: 'POST',
    path: at('/rules'),
    summary: 'Add a rule below the others',
    description:
      'Rules see what other people write, never what the account itself writes, and nothing that waited for more than an hour. A reply goes through the queue of the session: at its pace and within its daily limit.',
    body: definition,
    responses: { 201: one, ...malformed, 409: failure('There are as many as there may be') },
  },
  changeRule: {
    ...shared,
    method: 'PATCH',
    path: at('/rules/:rule'),
    params: ruleParams,
    summary: 'Change a rule, or switch it',
    body: change,
    responses: { 200: one, ...malformed },
  },
  removeRule: {
    ...shared,
    method: 'DELETE',
    path: at('/rules/:rule'),
    params: ruleParams,
    summary: 'Remove a rule',
    responses: { 200: { description: 'Removed', body: ok }, ...refusals },
  },
  orderRules: {
    ...shared,
    method: 'PUT',
    path: at('/rules/order'),
    summary: 'Put the rules into another order',
    body: z.object({ rules: z.array(ruleId).max(100) }),
    responses: { 200: all, ...malformed },
  },
  tryRules: {
    ...shared,
    method: 'POST',
    path: at('/rules/try'),
    summary: 'What the rules would do with a message; nothing is sent',
    description: 'With `rule`, that one alone, as it is given and not as it is kept.',
    verb: 'write',
    body: z.object({ message: sample, rule: definition.optional() }),
    responses: {
      200: {
        description: 'The rules that would act, in their order',
        body: ok.extend({
          acts: z.array(
            z.object({
              id: z.string().nullable(),
              name: z.string(),
              action: z.enum(['reply', 'webhook', 'publish']),
              /** The reply as it would be sent. */ text: z.string().nullable(),
            }),
          ),
        }),
      },
      ...malformed,
    },
  },
} as const satisfies Record<string, RouteDefinition>

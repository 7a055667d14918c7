/** Addresses that are told what happens to a bot. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { deliveryView, deliveryFullView } from './deliveries.ts'
import { botEventTypes } from './event-types.ts'
import { at, chat, ok, refusals } from './messages.ts'
import { failure, userParams } from '../parts.ts'

export const eventType = z.enum(botEventTypes)
const types = z.array(eventType).max(botEventTypes.length)
export const webhookId = z.string().regex(/^webhook_[0-9A-Za-z]{16}$/)
export const webhookParams = userParams.extend({ webhook: webhookId })

const reserved =
  /^(?:connection|content-(?:encoding|length|type)|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade|user-agent|(?:proxy|webhook)-.*)$/i
const headers = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'a header has letters, digits and dashes')
      .refine((name) => !reserved.test(name), 'this header is set by the call itself'),
    z.string().regex(/^[\x20-\x7e]{0,2000}$/, 'a value is one line of plain characters'),
  )
  .refine((all) => Object.keys(all).length <= 20, 'at most 20 headers')
const wish = {
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  /** When empty all but `presence`, which comes by the second. */ types,
  /** One order for all: one that fails holds up all after it, for hours at worst. Otherwise each chat has its own. */ ordered: z.boolean(),
  /** Numbers or chat ids; events of other chats are not told. Empty for all. */ chats: z.array(chat).max(200),
  where: z.enum(['anywhere', 'people', 'groups']),
  /** Sent along with each call; sealed, and never shown again. */ headers,
  /** Calls under way at the same time, each of another chat. */ atOnce: z.number().int().min(1).max(32),
  /** Seconds before each further try; null for 5 s, 30 s, 2 min, 10 min, 1 h and 6 h. */
  waits: z.array(z.number().min(0.01).max(86_400)).min(1).max(20).nullable(),
  /** Days that what was delivered can be looked at and replayed; 0 for not at all. */ keepFor: z.number().int().min(0).max(90),
  /**
   * How the file of a message comes with it, in `message.media`: `link` as an address that needs no key and ends after a day, `base64` in
   * `data` up to 5 MiB and as a link above.
   */
  media: z.enum(['none', 'link', 'base64']),
}

export const webhookView = z.object({
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  ordered: z.boolean(),
  chats: z.array(z.string()),
  where: z.string(),
  /** Their names. */ headers: z.array(z.string()),
  atOnce: z.number().int(),
  waits: z.array(z.number()).nullable(),
  keepFor: z.number().int(),
  media: wish.media,
  /** `paused`: what comes waits. `gone`: the receiver answered 410; what comes waits until it is resumed. */
  standing: z.enum(['on', 'paused', 'gone']),
  standingSince: isoTime.nullable(),
  createdAt: isoTime,
  waiting: z.number().int(),
  dead: z.number().int(),
  /** Dead letters that made room for newer ones, until the dead letters are discarded. */ dropped: z.number().int(),
})
export type WebhookView = z.output<typeof webhookView>

const hooks = { tag: 'Webhooks', access: 'local', right: 'bots:use', params: webhookParams } as const
const one = { 200: { description: 'The webhook', body: ok.extend({ webhook: webhookView }) }, ...refusals }
const lockedAway = { 503: failure('Its secret was sealed under a key that is not here') }
const deadParams = webhookParams.extend({ delivery: z.string().regex(/^delivery_[0-9A-Za-z]{20}$/) })

export const webhookRoutes = {
  addWebhook: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks'),
    params: userParams,
    // An address that this machine calls from then on, with what is said in the chats.
    right: 'control:manage',
    summary: 'Have an address told what happens',
    description:
      'Each POST carries `webhook-id`, `webhook-timestamp` and `webhook-signature` as the Standard Webhooks specification has them; the secret is shown here once. `rule` is what a rule of the session sends, and what came of its rules.',
    body: z.object({
      url: wish.url,
      types: wish.types.default([]),
      ordered: wish.ordered.default(false),
      chats: wish.chats.default([]),
      where: wish.where.default('anywhere'),
      headers: wish.headers.default({}),
      atOnce: wish.atOnce.default(8),
      waits: wish.waits.default(null),
      keepFor: wish.keepFor.default(7),
      media: wish.media.default('none'),
    }),
    responses: { 201: { description: 'Added', body: ok.extend({ webhook: webhookView, secret: z.string() }) }, ...refusals },
  },
  webhooks: {
    ...hooks,
    method: 'GET',
    path: at('/webhooks'),
    params: userParams,
    summary:
      'Webhooks with what waits and what was given up; of each address as much as tells it apart, in full it is in the answer that added it',
    verb: 'write',
    responses: { 200: { description: 'Webhooks', body: ok.extend({ webhooks: z.array(webhookView) }) }, ...refusals },
  },
  changeWebhook: {
    ...hooks,
    method: 'PATCH',
    path: at('/webhooks/:webhook'),
    right: 'control:manage',
    summary: 'Change a webhook; what is left out stays, and so does its secret',
    body: z.object(wish).partial(),
    responses: { 200: one[200], ...refusals, ...lockedAway },
  },
  removeWebhook: {
    ...hooks,
    method: 'DELETE',
    path: at('/webhooks/:webhook'),
    summary: 'Remove a webhook',
    responses: { 200: { description: 'Removed', body: ok }, ...refusals },
  },
  pauseWebhook: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/pause'),
    summary: 'Call nothing for now: what happens waits, in its order',
    responses: one,
  },
  resumeWebhook: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/resume'),
    summary: 'Go on with one that was paused, or whose receiver had answered 410',
    responses: one,
  },
  testWebhook: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/test'),
    summary: 'Call it with a sample event, signed like a real one, and say what it answered',
    description: 'At once and once, also while it is paused. The call carries `webhook-test: true`; nothing is kept of it.',
    body: z.object({ type: eventType.default('message') }).prefault({}),
    responses: {
      200: {
        description: 'What came of it',
        body: ok.extend({
          delivered: z.boolean(),
          /** Null when there was no answer. */ status: z.number().int().nullable(),
          ms: z.number().int(),
          problem: z.string().nullable(),
          /** The first bytes. */ answer: z.string().nullable(),
          /** As they were sent; values of its own headers are left out. */ headers: z.record(z.string(), z.string()),
          body: z.string(),
        }),
      },
      ...refusals,
      409: failure('A test is under way already'),
      ...lockedAway,
    },
  },
  deliveries: {
    ...hooks,
    method: 'GET',
    path: at('/webhooks/:webhook/deliveries'),
    summary: 'What it was told, waits to be told or could not be told, the newest first',
    description:
      '`next`, when there is one, is the `before` of the following page. What was delivered is kept as long as the webhook says.',
    verb: 'write',
    query: z.object({
      state: z.enum(['waiting', 'delivered', 'dead']).optional(),
      type: eventType.optional(),
      chat: chat.optional(),
      from: z.iso.datetime({ offset: true }).optional(),
      to: z.iso.datetime({ offset: true }).optional(),
      before: z.coerce.number().int().min(1).optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    responses: {
      200: { description: 'Deliveries', body: ok.extend({ deliveries: z.array(deliveryView), next: z.number().int().nullable() }) },
      ...refusals,
    },
  },
  delivery: {
    ...hooks,
    method: 'GET',
    path: at('/webhooks/:webhook/deliveries/:delivery'),
    params: deadParams,
    summary: 'One delivery in full: its body, and each try with what was sent along and answered',
    verb: 'write',
    responses: { 200: { description: 'The delivery', body: ok.extend({ delivery: deliveryFullView }) }, ...refusals },
  },
  deadLetters: {
    ...hooks,
    method: 'GET',
    path: at('/webhooks/:webhook/dead-letters'),
    summary: 'Deliveries that were given up',
    verb: 'write',
    responses: {
      200: {
        description: 'The newest first',
        body: ok.extend({
          deliveries: z.array(
            z.object({ id: z.string(), type: z.string(), attempts: z.number().int(), problem: z.string().nullable(), createdAt: isoTime }),
          ),
        }),
      },
      ...refusals,
    },
  },
  discard: {
    ...hooks,
    method: 'DELETE',
    path: at('/webhooks/:webhook/dead-letters'),
    summary: 'Remove all that were given up, and have seen how many made room before',
    responses: { 200: { description: 'How many', body: ok.extend({ count: z.number().int() }) }, ...refusals },
  },
  discardOne: {
    ...hooks,
    method: 'DELETE',
    path: at('/webhooks/:webhook/dead-letters/:delivery'),
    params: deadParams,
    summary: 'Remove one that was given up',
    responses: { 200: { description: 'Removed', body: ok }, ...refusals },
  },
  replayOne: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/dead-letters/:delivery/replay'),
    params: deadParams,
    summary: 'Deliver one that was given up once more',
    responses: { 200: { description: 'It is tried again', body: ok }, ...refusals },
  },
  replay: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/replay'),
    summary: 'Deliver once more what was given up, or all of a time',
    description:
      'Without a body: what was given up. With `from` or `to`: what happened between, delivered or given up, in its order. Each goes out under its old `webhook-id` with `webhook-replay: true`, beside what is new.',
    body: z
      .object({
        from: z.iso.datetime({ offset: true }).optional(),
        to: z.iso.datetime({ offset: true }).optional(),
        /** All when empty. */ types: types.default([]),
        states: z
          .array(z.enum(['delivered', 'dead']))
          .min(1)
          .max(2)
          .default(['delivered', 'dead']),
      })
      .prefault({}),
    responses: {
      200: {
        description: 'How many',
        body: ok.extend({
          count: z.number().int(),
          /** More than may wait at once: these are left, and `next` is the time of the first of them. */ left: z.number().int(),
          next: isoTime.nullable(),
          /** Of what happened before it some is no longer kept; null when all is. */ keptSince: isoTime.nullable(),
        }),
      },
      ...refusals,
    },
  },
} as const satisfies Record<string, RouteDefinition>

/** Addresses that are told what happens to a bot. */
import { z } from 'zod'
import { isoTime, type RouteDefinition } from '../../../http/contract.ts'
import { botEventTypes } from './events.ts'
import { at, ok, refusals } from './messages.ts'
import { userParams } from '../parts.ts'

const eventType = z.enum(botEventTypes)
export const webhookId = z.string().regex(/^webhook_[0-9A-Za-z]{16}$/)
const webhookParams = userParams.extend({ webhook: webhookId })
const webhookView = z.object({
  id: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  /** Each delivery waits for the one before it. */ ordered: z.boolean(),
  createdAt: isoTime,
  waiting: z.number().int(),
  dead: z.number().int(),
})
const hooks = { tag: 'Webhooks', access: 'local', right: 'bots:use', params: userParams } as const

export const webhookRoutes = {
  addWebhook: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks'),
    // An address that this machine calls from then on, with what is said in the chats.
    right: 'control:manage',
    summary: 'Have an address told what happens',
    description:
      'Each POST carries `webhook-id`, `webhook-timestamp` and `webhook-signature` as the Standard Webhooks specification has them; the secret is shown here once. `rule` is what a rule of the session sends, and what came of its rules.',
    body: z.object({
      url: z.url({ protocol: /^https?$/ }).max(2_000),
      /** When empty all but `presence`, which comes by the second. */ types: z.array(eventType).max(botEventTypes.length).default([]),
      /** Keeps their order: one that fails holds up those after it, for hours at worst. */ ordered: z.boolean().default(false),
    }),
    responses: { 201: { description: 'Added', body: ok.extend({ webhook: webhookView, secret: z.string() }) }, ...refusals },
  },
  webhooks: {
    ...hooks,
    method: 'GET',
    path: at('/webhooks'),
    summary:
      'Webhooks with what waits and what was given up; of each address as much as tells it apart, in full it is in the answer that added it',
    verb: 'write',
    responses: { 200: { description: 'Webhooks', body: ok.extend({ webhooks: z.array(webhookView) }) }, ...refusals },
  },
  removeWebhook: {
    ...hooks,
    method: 'DELETE',
    path: at('/webhooks/:webhook'),
    params: webhookParams,
    summary: 'Remove a webhook',
    responses: { 200: { description: 'Removed', body: ok }, ...refusals },
  },
  deadLetters: {
    ...hooks,
    method: 'GET',
    path: at('/webhooks/:webhook/dead-letters'),
    params: webhookParams,
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
  replayOne: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/dead-letters/:delivery/replay'),
    params: webhookParams.extend({ delivery: z.string().regex(/^delivery_[0-9A-Za-z]{20}$/) }),
    summary: 'Deliver one that was given up once more',
    responses: { 200: { description: 'It is tried again', body: ok }, ...refusals },
  },
  replay: {
    ...hooks,
    method: 'POST',
    path: at('/webhooks/:webhook/replay'),
    params: webhookParams,
    summary: 'Deliver what was given up once more',
    responses: { 200: { description: 'How many', body: ok.extend({ count: z.number().int() }) }, ...refusals },
  },
} as const satisfies Record<string, RouteDefinition>

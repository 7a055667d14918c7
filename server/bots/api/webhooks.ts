/** Binds the routes of webhooks to the house's dispatcher. */
import { iso, type Clock } from '../../clock.ts'
import type { ListedDelivery } from '../../events/webhooks/history.ts'
import type { WebhookWish } from '../../events/webhooks/webhook.ts'
import type { WebhookState, Webhooks } from '../../events/webhooks/webhooks.ts'
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { DeliveryView } from '../contract/native/deliveries.ts'
import type { webhookRoutes, WebhookView } from '../contract/native/webhooks.ts'
import { chatOf } from '../engine/address.ts'
import type { People } from '../people/people.ts'
import type { BotService } from '../service.ts'
import { sampleOf } from '../webhooks/samples.ts'

export interface WebhookApiParts {
  service: BotService
  webhooks: Webhooks
  people: People
  clock: Clock
}

/** As a caller says it: seconds, numbers or chats, and where. */
type Said = { [Name in keyof Omit<WebhookWish, 'waits' | 'keys' | 'kind'>]?: WebhookWish[Name] | undefined } & {
  chats?: readonly string[] | undefined
  where?: 'anywhere' | 'people' | 'groups' | undefined
  waits?: readonly number[] | null | undefined
}

export function webhookHandlers({ service, webhooks, people, clock }: WebhookApiParts): Handlers<Contract<typeof webhookRoutes>['routes']> {
  const subject = (userId: string): ['bots', string] => ['bots', service.get(userId).row.userId]
  const place = ({ userId, webhook }: { userId: string; webhook: string }): ['bots', string, string] => [...subject(userId), webhook]
  /** The chat that is meant, by whichever id. */
  const chatIn = (userId: string, chat: string): string => people.idOf(userId, chatOf(chat))
  const wish = (userId: string, said: Said): Partial<WebhookWish> =>
    wishOf({ ...said, chats: said.chats?.map((chat) => chatIn(userId, chat)) })
  const isDone = { status: 200, body: { success: true } } as const
  const one = (webhook: WebhookState) => ({ status: 200, body: { success: true, webhook: view(webhook) } }) as const

  return {
    addWebhook: ({ params, body }) => {
      const { secret, ...webhook } = webhooks.add(...subject(params.userId), {
        url: body.url,
        types: body.types,
        ...wish(params.userId, body),
      })
      return { status: 201, body: { success: true, webhook: view(webhook), secret } }
    },
    webhooks: ({ params }) => ({ status: 200, body: { success: true, webhooks: webhooks.list(...subject(params.userId)).map(view) } }),
    changeWebhook: ({ params, body }) => {
      const webhook = webhooks.change(...place(params), wish(params.userId, body))
      return { status: 200, body: { success: true, webhook: view(webhook) } }
    },
    removeWebhook: ({ params }) => {
      webhooks.remove(...place(params))
      return isDone
    },
    pauseWebhook: ({ params }) => one(webhooks.pause(...place(params))),
    resumeWebhook: ({ params }) => one(webhooks.resume(...place(params))),
    testWebhook: async ({ params, body: { type } }) => {
      const { type: _, ...data } = sampleOf(type, params.userId, clock.now())
      const { status, ms, problem, answer, headers, body } = await webhooks.test(...place(params), type, data)
      return {
        status: 200,
        body: { success: true, delivered: problem === null, status, ms, problem, answer, headers: headers ?? {}, body },
      }
    },
    deliveries: ({ params, query: { state, type, chat, from, to, before, limit } }) => {
      const filter = { state, type, key: chat === undefined ? undefined : chatIn(params.userId, chat), from: timeOf(from), to: timeOf(to) }
      const { deliveries, next } = webhooks.deliveries(...place(params), filter, { before, limit })
      return { status: 200, body: { success: true, deliveries: deliveries.map(deliveryOf), next } }
    },
    delivery: ({ params }) => {
      const { body, tries, ...delivery } = webhooks.delivery(...place(params), params.delivery)
      const full = { ...deliveryOf(delivery), body, tries: tries.map(({ at, ...attempt }) => ({ at: iso(at), ...attempt })) }
      return { status: 200, body: { success: true, delivery: full } }
    },
    deadLetters: ({ params }) => {
      const deliveries = webhooks.dead(...place(params)).map(({ id, type, attempts, problem, createdAt }) => ({
        ...{ id, type, attempts, problem },
        createdAt: iso(createdAt),
      }))
      return { status: 200, body: { success: true, deliveries } }
    },
    discard: ({ params }) => ({ status: 200, body: { success: true, count: webhooks.discard(...place(params)) } }),
    discardOne: ({ params }) => {
      webhooks.discardOne(...place(params), params.delivery)
      return isDone
    },
    replayOne: ({ params }) => {
      webhooks.replayOne(...place(params), params.delivery)
      return isDone
    },
    replay: ({ params, body: { from, to, types, states } }) => {
      if (from === undefined && to === undefined)
        return { status: 200, body: { success: true, count: webhooks.replay(...place(params)), left: 0, next: null, keptSince: null } }
      const range = { from: timeOf(from) ?? 0, to: timeOf(to) ?? clock.now(), types, states }
      const { count, left, next, keptSince } = webhooks.replayRange(...place(params), range)
      return { status: 200, body: { success: true, count, left, next: isoOrNull(next), keptSince: isoOrNull(keptSince) } }
    },
  }
}

const timeOf = (said: string | undefined): number | undefined => (said === undefined ? undefined : Date.parse(said))
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at))

/** What was said, and nothing of what was not. */
function wishOf({ chats, where, waits, headers, ...rest }: Said): Partial<WebhookWish> {
  const wish = {
    ...rest,
    keys: chats,
    kind: where === 'anywhere' ? null : where,
    waits: waits?.map((seconds) => Math.round(seconds * 1_000)) ?? (waits === null ? null : undefined),
    headers: headers && Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  }
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined))
}

function view({
  id,
  url,
  types,
  ordered,
  standing,
  standingSince,
  createdAt,
  waiting,
  dead,
  dropped,
  ...choices
}: WebhookState): WebhookView {
  const { keys, kind, headerNames, atOnce, waits, keepFor, media } = choices
  return {
    ...{ id, url, types, ordered, atOnce, keepFor, media, standing, waiting, dead, dropped },
    chats: keys,
    where: kind ?? 'anywhere',
    headers: headerNames,
    waits: waits?.map((ms) => ms / 1_000) ?? null,
    standingSince: isoOrNull(standingSince),
    createdAt: iso(createdAt),
  }
}

function deliveryOf(delivery: ListedDelivery): DeliveryView {
  const { number, id, type, key, state, replay, attempts, problem, last, createdAt, deliveredAt, nextAt } = delivery
  return {
    ...{ number, id, type, state, replay, attempts, problem },
    chat: key?.includes('@') === true ? key : null,
    status: last?.status ?? null,
    ms: last?.ms ?? null,
    createdAt: iso(createdAt),
    deliveredAt: isoOrNull(deliveredAt),
    nextAt: state === 'waiting' ? iso(nextAt) : null,
  }
}

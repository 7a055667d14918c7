/** Binds the routes of webhooks to the house's dispatcher. */
import { iso } from '../../clock.ts'
import type { WebhookState, Webhooks } from '../../events/webhooks/webhooks.ts'
import type { Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { webhookRoutes } from '../contract/native/webhooks.ts'
import type { BotService } from '../service.ts'

export function webhookHandlers({
  service,
  webhooks,
}: {
  service: BotService
  webhooks: Webhooks
}): Handlers<Contract<typeof webhookRoutes>['routes']> {
  const subject = (userId: string): ['bots', string] => ['bots', service.get(userId).row.userId]
  const view = ({ id, url, types, ordered, createdAt, waiting, dead }: WebhookState) => ({
    id,
    url,
    types,
    ordered,
    createdAt: iso(createdAt),
    waiting,
    dead,
  })
  return {
    addWebhook: ({ params, body }) => {
      const { secret, ...webhook } = webhooks.add(...subject(params.userId), body)
      return { status: 201, body: { success: true, webhook: view(webhook), secret } }
    },
    webhooks: ({ params }) => ({ status: 200, body: { success: true, webhooks: webhooks.list(...subject(params.userId)).map(view) } }),
    removeWebhook: ({ params }) => {
      webhooks.remove(...subject(params.userId), params.webhook)
      return { status: 200, body: { success: true } }
    },
    deadLetters: ({ params }) => {
      const deliveries = webhooks.dead(...subject(params.userId), params.webhook)
      return {
        status: 200,
        body: {
          success: true,
          deliveries: deliveries.map(({ id, type, attempts, problem, createdAt }) => ({
            id,
            type,
            attempts,
            problem,
            createdAt: iso(createdAt),
          })),
        },
      }
    },
    replayOne: ({ params }) => {
      webhooks.replayOne(...subject(params.userId), params.webhook, params.delivery)
      return { status: 200, body: { success: true } }
    },
    replay: ({ params }) => ({ status: 200, body: { success: true, count: webhooks.replay(...subject(params.userId), params.webhook) } }),
  }
}

/** What the API shows of a rule; never what is secret of its webhook. */
import { iso } from '../../clock.ts'
import type { WebhookState } from '../../events/webhooks/webhooks.ts'
import type { BrokerRule, RuleState } from '../contract/rules.ts'
import { webhookRoom } from './doing.ts'
import type { Rules } from './rules.ts'
import type { RunningRule } from './running-rule.ts'

const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))
/** Dead letters of a session that are looked through for those of its rules. */
const mostLetters = 10_000

/** Of one session, whose name they share. */
export async function ruleViews(rules: Rules, sessionName: string, which: readonly RunningRule[]): Promise<BrokerRule[]> {
  if (which.length === 0) return []
  const { service } = rules.doing
  const { id, suspended } = service.byName(sessionName)
  const [clients, letters] = await Promise.all([service.engine.clients(id), service.engine.deadLetters(id, mostLetters)])
  const webhooks = new Map(rules.webhooks.list(webhookRoom, sessionName).map((webhook) => [webhook.id, webhook]))
  const locked = new Set(rules.locked())
  return which.map((rule) => {
    const { definition } = rule.stored
    const webhook = definition.action.type === 'webhook' ? webhooks.get(definition.action.webhook) : undefined
    const { key } = rule.worker
    const queued = clients.find((client) => client.key === key)?.unacked ?? 0
    const dead = letters.filter(({ subscriberKey }) => subscriberKey === key).length
    const isLocked = webhook !== undefined && locked.has(webhook.id)
    return viewOf(rule, { queued, givenUp: dead + (webhook?.dead ?? 0), webhook, state: stateOf(rule, { isLocked, suspended }) })
  })
}

function stateOf({ stored }: RunningRule, { isLocked, suspended }: { isLocked: boolean; suspended: boolean }): RuleState {
  if (!stored.definition.enabled) return 'off'
  if (isLocked) return 'locked'
  if (suspended) return 'resting'
  return stored.counts.problem === null ? 'on' : 'failing'
}

function viewOf(
  { stored }: RunningRule,
  { webhook, ...now }: { queued: number; givenUp: number; state: RuleState; webhook: WebhookState | undefined },
): BrokerRule {
  const { id, createdAt, definition, counts } = stored
  const { action, ...words } = definition
  const { lastFiredAt, problem, problemAt, ...figures } = counts
  return {
    ...{ id, ...words, createdAt: iso(createdAt), ...figures, ...now },
    action: action.type === 'webhook' ? webhookView(webhook) : action,
    lastFiredAt: isoOrNull(lastFiredAt),
    problem,
    problemAt: isoOrNull(problemAt),
  }
}

function webhookView(webhook: WebhookState | undefined): Extract<BrokerRule['action'], { type: 'webhook' }> {
  // Removed in this moment, with its rule.
  if (webhook === undefined) return { type: 'webhook', url: '', headers: [], standing: 'gone', waiting: 0 }
  const { url, headerNames, standing, waiting } = webhook
  return { type: 'webhook', url, headers: headerNames, standing, waiting }
}

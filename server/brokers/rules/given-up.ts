/** What a rule gave up: dead letters of its session, and of its webhook. */
import { BrokerFault } from '../fault.ts'
import { webhookRoom } from './doing.ts'
import type { Rules } from './rules.ts'
import type { RunningRule } from './running-rule.ts'

const mostLetters = 10_000

/** Tries it again, and a webhook whose receiver said it is gone; how many. Throws `storage-failed`. */
export async function retry(rules: Rules, rule: RunningRule): Promise<number> {
  const webhook = webhookOf(rule)
  let count = 0
  if (webhook !== null) {
    count += rules.webhooks.replay(webhookRoom, rule.session.name, webhook)
    rules.webhooks.resume(webhookRoom, rule.session.name, webhook)
  }
  const { replayed, isStored } = await rules.doing.service.engine.replay(rule.session.id, { ids: await lettersOf(rules, rule) })
  if (!isStored) throw new BrokerFault('storage-failed')
  return count + replayed
}

/** Deletes it; how many. Throws `storage-failed`. */
export async function discard(rules: Rules, rule: RunningRule): Promise<number> {
  const webhook = webhookOf(rule)
  const count = webhook === null ? 0 : rules.webhooks.discard(webhookRoom, rule.session.name, webhook)
  const { removed, isStored } = await rules.doing.service.engine.removeDeadLetters(rule.session.id, { ids: await lettersOf(rules, rule) })
  if (!isStored) throw new BrokerFault('storage-failed')
  return count + removed
}

function webhookOf({ stored: { definition } }: RunningRule): string | null {
  return definition.action.type === 'webhook' ? definition.action.webhook : null
}

async function lettersOf({ doing: { service } }: Rules, { session, worker }: RunningRule): Promise<number[]> {
  const letters = await service.engine.deadLetters(session.id, mostLetters)
  // The oldest first: they come in the order in which they were published.
  return letters
    .filter(({ subscriberKey }) => subscriberKey === worker.key)
    .map(({ id }) => id)
    .reverse()
}

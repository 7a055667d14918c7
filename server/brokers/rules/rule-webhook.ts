/** The webhook that a rule calls: one of its own, made, changed and removed with it. */
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import type { NewRule } from '../contract/rules.ts'
import type { withDefaults } from './checks.ts'
import { webhookRoom } from './doing.ts'
import type { Definition, KeptAction } from './store.ts'

/**
 * The definition as it is kept, with its webhook made, changed or removed; `old` is the action before, null for a new rule. Throws
 * `webhook-refused` and `sealed-locked`.
 */
export function keepWebhook(
  webhooks: Webhooks,
  sessionName: string,
  { action, ...definition }: ReturnType<typeof withDefaults>,
  old: KeptAction | null,
): { definition: Definition; secret: string | null } {
  if (action.type !== 'webhook') {
    if (old?.type === 'webhook') webhooks.remove(webhookRoom, sessionName, old.webhook)
    return { definition: { ...definition, action }, secret: null }
  }
  const { url, headers } = action
  const given = { ...(url === undefined ? {} : { url }), ...(headers === undefined ? {} : { headers: lowered(headers) }) }
  if (old?.type === 'webhook') {
    if (Object.keys(given).length > 0) webhooks.change(webhookRoom, sessionName, old.webhook, given)
    return { definition: { ...definition, action: old }, secret: null }
  }
  // What was delivered is not kept: it is what went through the session, and as much.
  const { id, secret } = webhooks.add(webhookRoom, sessionName, { url: '', types: ['message'], keepFor: 0, ...given })
  return { definition: { ...definition, action: { type: 'webhook', webhook: id } }, secret }
}

/** As a caller says it who changes nothing of it. */
export const actionOf = (action: KeptAction): NewRule['action'] => (action.type === 'webhook' ? { type: 'webhook' } : action)

const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

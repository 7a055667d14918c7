/** How webhooks read. */
import type { StatePresentation } from '../../../presentation/tone.ts'

export interface WebhookRow {
  id: string
  url: string
  types: readonly string[]
  ordered: boolean
  createdAt: string
  waiting: number
  dead: number
}

export const webhookEvents = [
  { value: 'message', label: 'Messages', help: 'What comes in, and what the account writes elsewhere' },
  { value: 'progress', label: 'Progress', help: 'Own messages: sent, delivered, read, failed' },
  { value: 'state', label: 'State', help: 'Online, reconnecting, logged out and so on' },
  { value: 'rule', label: 'Rules', help: 'What a rule sends, and what came of the rules' },
] as const

export type WebhookEvent = (typeof webhookEvents)[number]['value']

export function eventWords(types: readonly string[]): string {
  if (types.length === 0) return 'Everything'
  return types.map((type) => webhookEvents.find(({ value }) => value === type)?.label ?? type).join(', ')
}

export function webhookPresentation({ waiting, dead }: Pick<WebhookRow, 'waiting' | 'dead'>): StatePresentation {
  if (dead > 0) return { tone: 'bad', shape: 'filled', label: 'Given up' }
  return waiting > 0 ? { tone: 'attention', shape: 'halo', label: 'Trying' } : { tone: 'good', shape: 'filled', label: 'Delivers' }
}

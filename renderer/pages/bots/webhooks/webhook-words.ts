/** How webhooks read. */
import type { StatePresentation } from '../../../presentation/tone.ts'
import { words } from '../../../presentation/words.ts'

const states = words.states.webhooks

export interface WebhookRow {
  id: string
  url: string
  types: readonly string[]
  ordered: boolean
  createdAt: string
  waiting: number
  dead: number
}

export type WebhookEvent = keyof typeof words.window.webhookEvents
// Its keys are those of the type.
const kinds = Object.keys(words.window.webhookEvents) as WebhookEvent[]
export const webhookEvents = kinds.map((value) => ({ value, ...words.window.webhookEvents[value] }))

export function eventWords(types: readonly string[]): string {
  if (types.length === 0) return words.window.everyEvent
  return types.map((type) => webhookEvents.find(({ value }) => value === type)?.label ?? type).join(', ')
}

export function webhookPresentation({ waiting, dead }: Pick<WebhookRow, 'waiting' | 'dead'>): StatePresentation {
  if (dead > 0) return { tone: 'bad', shape: 'filled', label: states.givenUp }
  return waiting > 0
    ? { tone: 'attention', shape: 'halo', label: states.trying }
    : { tone: 'good', shape: 'filled', label: states.delivers }
}

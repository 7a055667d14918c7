/** How webhooks and their deliveries read. */
import type { StatePresentation } from '../../../presentation/tone.ts'
import { words } from '../../../presentation/words.ts'

const states = words.states.webhooks

export interface WebhookRow {
  id: string
  url: string
  types: readonly string[]
  ordered: boolean
  chats: readonly string[]
  where: string
  /** Names. */
  headers: readonly string[]
  atOnce: number
  /** Seconds before each further try; null for the usual ones. */
  waits: readonly number[] | null
  keepFor: number
  /** How the files of messages come. */
  media: 'none' | 'link' | 'base64'
  standing: 'on' | 'paused' | 'gone'
  createdAt: string
  waiting: number
  dead: number
  dropped: number
}

export type WebhookEvent = keyof typeof words.window.webhookEvents
// Its keys are those of the type.
const kinds = Object.keys(words.window.webhookEvents) as WebhookEvent[]
export const webhookEvents = kinds.map((value) => ({ value, ...words.window.webhookEvents[value] }))

export function eventWords(types: readonly string[]): string {
  if (types.length === 0) return words.window.everyEvent
  return types.map((type) => webhookEvents.find(({ value }) => value === type)?.label ?? type).join(', ')
}

/** What it is told, and how it was told to be called: `Messages · groups · in order`. */
export function choiceWords({ types, chats, where, ordered, headers }: WebhookRow): string {
  const { onlyGroups, onlyPeople, someChats, inOrder, ownHeaders } = words.window.webhookChoices
  return [
    eventWords(types),
    where === 'groups' ? onlyGroups : where === 'people' ? onlyPeople : null,
    chats.length > 0 ? someChats({ count: chats.length }) : null,
    ordered ? inOrder : null,
    headers.length > 0 ? ownHeaders({ count: headers.length }) : null,
  ]
    .filter((part) => part !== null)
    .join(' · ')
}

export function webhookPresentation({
  waiting,
  dead,
  dropped,
  standing,
}: Pick<WebhookRow, 'waiting' | 'dead' | 'dropped' | 'standing'>): StatePresentation {
  if (standing === 'gone') return { tone: 'bad', shape: 'filled', label: states.gone }
  if (standing === 'paused') return { tone: 'off', shape: 'hollow', label: states.paused }
  if (dead > 0 || dropped > 0) return { tone: 'bad', shape: 'filled', label: states.givenUp }
  return waiting > 0
    ? { tone: 'attention', shape: 'halo', label: states.trying }
    : { tone: 'good', shape: 'filled', label: states.delivers }
}

export type DeliveryState = 'waiting' | 'delivered' | 'dead'

export function deliveryPresentation(state: DeliveryState): StatePresentation {
  const label = words.states.deliveries[state]
  switch (state) {
    case 'waiting':
      return { tone: 'attention', shape: 'halo', label }
    case 'delivered':
      return { tone: 'good', shape: 'filled', label }
    case 'dead':
      return { tone: 'bad', shape: 'filled', label }
  }
}

/** What a bot's events are about, so that those of one chat are delivered in their order and a webhook can choose its chats. */
import type { About } from '../../events/webhooks/webhook.ts'
import type { BotEvent } from '../contract/native/events.ts'
import { isGroup } from '../engine/address.ts'

/** What is about no chat, e.g. a state, is about the account. */
export function aboutOf(event: BotEvent): Required<Omit<About, 'once'>> {
  const chat = chatOf(event)
  return chat === null ? { key: event.userId, kind: null } : { key: chat, kind: kindOf(chat) }
}

/** Each kind of event says it in a field of one of these names, its own or of what it is about; those of tomorrow too. */
const places = ['chat', 'group', 'channel', 'id'] as const

function chatOf(event: BotEvent): string | null {
  if (event.type === 'status') return 'status@broadcast'
  const own = places.map((place) => within(event, place)).find(isId)
  const inner = places.flatMap((place) => Object.values(event).map((value: unknown) => within(value, place))).find(isId)
  return own ?? inner ?? null
}

const isId = (value: unknown): value is string => typeof value === 'string' && value.includes('@')

const within = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined // any object can be asked

export function kindOf(chat: string): string {
  if (isGroup(chat)) return 'groups'
  if (chat.endsWith('@newsletter')) return 'channels'
  return chat.endsWith('@broadcast') ? 'broadcasts' : 'people'
}

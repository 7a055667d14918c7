/** What a bot's events are about, so that those of one chat are delivered in their order and a webhook can choose its chats. */
import type { About } from '../../events/webhooks/webhook.ts'
import type { BotEvent } from '../contract/native/events.ts'
import { isGroup } from '../engine/address.ts'

/** What is about no chat, e.g. a state, is about the account. */
export function aboutOf(event: BotEvent): Required<About> {
  const chat = chatOf(event)
  return chat === null ? { key: event.userId, kind: null } : { key: chat, kind: kindOf(chat) }
}

function chatOf(event: BotEvent): string | null {
  // Each kind of event says it in one of these places, those of tomorrow too.
  const { message, chat, group, channel } = event as Partial<Record<'message' | 'chat' | 'group' | 'channel', unknown>>
  return (
    [within(message, 'chat'), chat, within(chat, 'chat'), group, within(group, 'id'), channel, within(channel, 'id')].find(isId) ?? null
  )
}

const isId = (value: unknown): value is string => typeof value === 'string' && value.includes('@')

const within = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined // any object can be asked

export function kindOf(chat: string): string {
  if (isGroup(chat)) return 'groups'
  if (chat.endsWith('@newsletter')) return 'channels'
  return chat.endsWith('@broadcast') ? 'broadcasts' : 'people'
}

/** Tells a bot's webhooks what happens to it. */
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import { quietTypes } from '../contract/native/event-types.ts'
import type { BotEvent } from '../contract/native/events.ts'
import { aboutOf } from './about.ts'

export function tellWebhooks(webhooks: Pick<Webhooks, 'send' | 'rename'>, event: BotEvent): void {
  const { type, userId, ...data } = event
  // What waits of a chat keeps its order under the chat's new id.
  if (event.type === 'merged') webhooks.rename('bots', userId, event.was, event.chat)
  webhooks.send('bots', userId, type, { userId, ...data }, { ...aboutOf(event), onlyNamed: quietTypes.has(type) })
}

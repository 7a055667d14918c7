/** What a route needs that asks WhatsApp. */
import type { Bot } from '../bot/bot.ts'
import type { Connection } from '../engine/engine.ts'
import { BotFault } from '../fault.ts'

/** Throws `bot-not-online`. */
export function liveConnection(bot: Bot): Connection {
  if (bot.live === null) throw new BotFault('bot-not-online', 'This session is not online')
  return bot.live
}

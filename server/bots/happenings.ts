/** What happens at accounts besides messages: kept by who keeps state of it, and told as the event of its type. */
import { iso } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Bot } from './bot/bot.ts'
import type { BotEvent } from './contract/native/events.ts'
import type { Happening } from './engine/happenings.ts'

export interface HappeningsParts {
  log: Pick<Log, 'error'>
  tell(event: BotEvent): void
  /** Those that keep state of it, in their order; what one of them throws keeps nothing from the others. */
  keepers: readonly { onHappening: OnHappening }[]
}

export type OnHappening = (bot: Bot, happening: Happening) => void

export function createHappenings({ log, tell, keepers }: HappeningsParts): OnHappening {
  return (bot, happening) => {
    const { userId, settings } = bot.row
    if (happening.type === 'channel' && settings.ignores.channels) return
    for (const keeper of keepers) {
      try {
        keeper.onHappening(bot, happening)
      } catch (error) {
        log.error({ bot: userId, error }, 'what happened to a bot could not be kept')
      }
    }
    // The names of groups and who is in them are known all the same.
    if (happening.type === 'group' && settings.ignores.groups) return
    const event = eventOf(userId, happening)
    if (event !== null) tell(event)
  }
}

/** As it is told; null for what is only kept. */
function eventOf(userId: string, happening: Happening): BotEvent | null {
  switch (happening.type) {
    case 'channel':
      return { ...happening, userId }
    case 'group': {
      const { type, ...group } = happening
      return { type, userId, group: { ...group, at: iso(group.at) } }
    }
    case 'contacts':
    case 'blocked':
    // Told by who keeps them, where they are news.
    case 'restriction':
    case 'call':
    case 'chat':
    case 'chat-deleted':
    case 'message-erased':
    case 'starred':
    case 'label':
    case 'labelled':
    case 'older':
    case 'history':
      return null
    case 'presence':
      return { ...happening, userId, lastSeen: happening.lastSeen === null ? null : iso(happening.lastSeen) }
  }
}

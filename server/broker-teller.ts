/** How the brokers' rules reach bots: no room imports another, so this is handed over. */
import type { BotsRoom } from './bots/index.ts'
import { BotFault } from './bots/fault.ts'
import { chatOf } from './bots/engine/address.ts'
import type { Teller } from './brokers/rules/teller.ts'

/** Texts go through the bot's own queue: at its pace, and within its limits. */
export function createBrokerTeller(bots: Pick<BotsRoom, 'service' | 'outbox'>): Teller {
  return {
    allows(by, bot) {
      const found = bots.service.find(bot)
      return found !== undefined && by.may('bots:use', bot) && by.reaches('bots', { subject: bot, makers: [found.row.madeBy] })
    },
    tell({ bot, chat, text, id }) {
      try {
        const content = { type: 'text', text } as const
        bots.outbox.add(bots.service.get(bot), { chat: chatOf(chat), content, replyTo: null, idempotencyKey: `broker:${id}` })
        return null
      } catch (error) {
        // It came a second time, after the rule was worded otherwise: it has been sent.
        if (BotFault.is(error, 'idempotency-mismatch')) return null
        if (BotFault.is(error, 'queue-full')) return { problem: `${bot}: ${error.message}`, isLasting: false }
        if (error instanceof BotFault) return { problem: `${bot}: ${error.message}`, isLasting: true }
        throw error
      }
    },
  }
}

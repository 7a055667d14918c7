/** Whom a rule may have a bot tell something; the bots room behind an interface of its own. */
import type { Standing } from '../../http/rights.ts'

export interface Teller {
  /** Whether whoever adds a rule may send through this bot himself. A bot that is not there is nobody's. */
  allows(by: Standing, bot: string): boolean
  /**
   * Puts the text into the bot's queue; twice under one id it is sent once. Null when it is there; else why not, and whether it never will
   * be.
   */
  tell(message: { bot: string; chat: string; text: string; id: string }): { problem: string; isLasting: boolean } | null
}

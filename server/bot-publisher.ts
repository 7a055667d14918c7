/** How bots reach the brokers: no room imports another, so this is handed over. */
import { BotFault } from './bots/fault.ts'
import type { Publisher } from './bots/rules/publisher.ts'
import type { BrokersRoom } from './brokers/index.ts'
import { ownerStanding, type Standing } from './http/rights.ts'

/** What bots publish: as long as whoever added the rule may publish there himself. */
export function createBotPublisher(
  brokers: Pick<BrokersRoom, 'inProcessClient'>,
  standingOf: (maker: string) => Standing | null,
): Publisher {
  const allows: Publisher['allows'] = (by, session) =>
    by.may('brokers:use') && by.reaches('brokers', { subject: session, makers: brokers.inProcessClient.makersOf(session) })
  return {
    allows,
    async publish({ session, topic, data, id, publisher, madeBy }) {
      const by = madeBy === null ? ownerStanding : standingOf(madeBy)
      if (by === null || !allows(by, session))
        throw new BotFault('rule-beyond-caller', 'Whoever added this rule may no longer publish there')
      await brokers.inProcessClient.publish(session, { topic, data, id, publisher, retain: false })
    },
  }
}

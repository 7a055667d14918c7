/** Where a rule may publish; the brokers room behind an interface of its own. */
import type { Standing } from '../../http/rights.ts'

export interface Publisher {
  /** Whether whoever adds a rule may publish there himself. A session that is not there is nobody's. */
  allows(by: Standing, session: string): boolean
  /** Resolves when the message is durable. Throws with words for a person when the session is not there or refuses it. */
  publish(message: {
    session: string
    topic: string
    data: unknown
    /** Whatever comes twice under it is published once. */
    id: string
    publisher: string
    /** Who added the rule: it publishes as long as he may. */
    madeBy: string | null
  }): Promise<void>
}

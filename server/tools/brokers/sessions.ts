/** What the broker tools share: which session is meant, whose it is, and how much one answer holds. */
import { z } from 'zod'
import { BrokerFault } from '../../brokers/fault.ts'
import type { InProcessClient } from '../../brokers/in-process-client.ts'
import type { InProcessWork } from '../../brokers/in-process/work.ts'
import type { Standing } from '../../http/rights.ts'

export type BrokerAccess = Pick<InProcessClient, 'list' | 'peek' | 'publish' | 'listen' | 'makersOf'> & InProcessWork

export const sessionInput = z.object({ sessionName: z.string().min(1).max(200).describe('From brokers_list') })
export const topic = z.string().min(1).max(1_024)
export const filter = topic.describe('A topic, or a filter with + for one level and # for the rest')

export function isReached(brokers: Pick<BrokerAccess, 'makersOf'>, standing: Standing, subject: string): boolean {
  return standing.reaches('brokers', { subject, makers: brokers.makersOf(subject) })
}

/** One of somebody else is answered as one that is not there. */
export function own(brokers: Pick<BrokerAccess, 'makersOf'>, sessionName: string, standing: Standing): string {
  if (!isReached(brokers, standing, sessionName)) throw new BrokerFault('no-such-session', 'There is no such session')
  return sessionName
}

/** Text that one answer holds; more would fill a model's memory with one call. */
const longestAnswer = 200_000

/** As many as one answer holds, each cut where it alone would fill it. */
export function fitting<Shown extends { data: unknown }>(messages: readonly Shown[]): (Shown & { cut?: true })[] {
  const share = Math.floor(longestAnswer / Math.max(1, messages.length))
  return messages.map((message) => {
    const text = typeof message.data === 'string' ? message.data : JSON.stringify(message.data)
    return text.length <= share ? message : { ...message, data: text.slice(0, share), cut: true }
  })
}

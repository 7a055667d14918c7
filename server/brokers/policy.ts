/** How a session treats its messages. Everything the published contract names has the contract's default. */
import { z } from 'zod'

const day = 86_400_000
const wholeNumber = (what: string, least: number, most: number) =>
  z
    .int({ error: `${what} must be a whole number` })
    .min(least, `${what} must be at least ${least}`)
    .max(most, `${what} must be at most ${most}`)

export const overflowPolicy = z.enum(['drop-oldest', 'drop-newest', 'reject'])
/** `fsync`: acknowledged once on disk. `crash-safe`: once with the operating system. `memory`: never written. */
export const durability = z.enum(['fsync', 'crash-safe', 'memory'])

export const policySchema = z.object({
  /** Ms between two tries. */
  retryInterval: wholeNumber('retryInterval', 10, day),
  maxRetryLimit: wholeNumber('maxRetryLimit', 1, 1_000_000),
  /** Ms; null for never. */
  messageExpiryTime: wholeNumber('messageExpiryTime', 1, 3_650 * day).nullable(),
  durability,
  overflow: overflowPolicy,
  /** Per subscriber. */
  maxQueuedMessages: wholeNumber('maxQueuedMessages', 1, 10_000_000),
  maxQueuedBytes: wholeNumber('maxQueuedBytes', 1_024, 4_294_967_296),
  /** Ms that a named client which is away is kept with its queue; null for ever. */
  keepAwayFor: wholeNumber('keepAwayFor', 1_000, 3_650 * day).nullable(),
  /** Messages sent to one subscriber and not acknowledged. */
  maxInFlight: wholeNumber('maxInFlight', 1, 65_535),
  /** Messages of quality 1 and 2 that an MQTT 5 client is told it may have under way to the server; null: nobody counts. */
  receiveMaximum: wholeNumber('receiveMaximum', 1, 65_535).nullable(),
  /** Seconds that an MQTT client may promise to be heard within, at most; null for what it says itself, be it never. */
  maxKeepAlive: wholeNumber('maxKeepAlive', 1, 65_535).nullable(),
  /** Per session. */
  maxClients: wholeNumber('maxClients', 1, 1_000_000),
  /** Named clients, present or away, per session; beyond them nobody new comes under a name. */
  maxKeptClients: wholeNumber('maxKeptClients', 1, 1_000_000),
  maxStoredBytes: wholeNumber('maxStoredBytes', 1_024, 68_719_476_736),
  maxDeadLetters: wholeNumber('maxDeadLetters', 0, 1_000_000),
  /** Messages a second; null for no limit. */
  maxPublishRate: wholeNumber('maxPublishRate', 1, 10_000_000).nullable(),
  maxMessageBytes: wholeNumber('maxMessageBytes', 1, 10_485_760),
  /** Ms after which a reader that takes nothing is disconnected. */
  evictAfter: wholeNumber('evictAfter', 1_000, 3_600_000),
})
export type Policy = z.output<typeof policySchema>

export const defaultPolicy: Policy = {
  retryInterval: 5_000,
  maxRetryLimit: 100,
  messageExpiryTime: null,
  durability: 'fsync',
  overflow: 'drop-oldest',
  maxQueuedMessages: 100_000,
  maxQueuedBytes: 67_108_864,
  keepAwayFor: 7 * day,
  maxInFlight: 1_000,
  receiveMaximum: null,
  maxKeepAlive: null,
  maxClients: 10_000,
  maxKeptClients: 10_000,
  maxStoredBytes: 536_870_912,
  maxDeadLetters: 10_000,
  maxPublishRate: null,
  maxMessageBytes: 10_485_760,
  evictAfter: 30_000,
}

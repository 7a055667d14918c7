/** What is asked of connections: a fault of one is its own. */
import type { AttachedClient } from '../broker-engine.ts'
import type { Delivery } from './model.ts'

/** Asks something of a connection; undefined where it threw. A fault there ends that connection and must not reach who else is served. */
export function attempt<Result>(client: Pick<AttachedClient, 'failed'>, act: () => Result): Result | undefined {
  try {
    return act()
  } catch (error) {
    client.failed(error)
    return undefined
  }
}

/** Without a closure: this is what a delivery costs most of. */
export function give(client: AttachedClient, delivery: Delivery): 'sent' | 'blocked' | 'oversized' | 'unsendable' {
  let isReady = false
  try {
    isReady = client.ready()
    if (!isReady) return 'blocked'
    return client.send(delivery) ? 'sent' : 'oversized'
  } catch (error) {
    client.failed(error)
    return isReady ? 'unsendable' : 'blocked'
  }
}

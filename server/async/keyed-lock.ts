/** One at a time for each key; keys do not wait for each other. */
import { createSerialQueue, type SerialQueue } from './serial-queue.ts'

export interface KeyedLock<Key> {
  /** Runs `work` when all before it for this key has ended, however that ended. */
  run<Result>(key: Key, work: () => Promise<Result> | Result): Promise<Result>
  /** Resolves when all that was asked for until now, for any key, has ended. */
  settled(): Promise<void>
  /** Keys for which something runs or waits. */
  readonly size: number
}

export function createKeyedLock<Key>(): KeyedLock<Key> {
  const queues = new Map<Key, { queue: SerialQueue; users: number }>()
  return {
    async run(key, work) {
      const own = queues.get(key) ?? { queue: createSerialQueue(), users: 0 }
      queues.set(key, own)
      own.users += 1
      try {
        return await own.queue.run(work)
      } finally {
        own.users -= 1
        if (own.users === 0) queues.delete(key)
      }
    },
    async settled() {
      await Promise.all(Array.from(queues.values(), ({ queue }) => queue.settled()))
    },
    get size() {
      return queues.size
    },
  }
}

/** Writes of many messages at once: one transaction, and one sync of the disk, for all that have come meanwhile. */
import type { Database } from 'better-sqlite3'

export interface Handover {
  /** Resolves when what `write` has written is on the disk; rejects with what it throws, which harms no other. */
  run(write: () => void): Promise<void>
}

interface Waiting {
  write: () => void
  resolve: () => void
  reject: (error: unknown) => void
}

export function createHandover(database: Database): Handover {
  let waiting: Waiting[] = []

  function writeAll(): void {
    const batch = waiting
    waiting = []
    try {
      const failures = database.transaction(() => batch.map(({ write }) => failureOf(write)))()
      for (const [index, { resolve, reject }] of batch.entries()) {
        const failure = failures[index]
        if (failure === undefined || failure === null) resolve()
        else reject(failure.error)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    run: (write) =>
      new Promise((resolve, reject) => {
        waiting.push({ write, resolve, reject })
        if (waiting.length === 1) setImmediate(writeAll)
      }),
  }
}

function failureOf(write: () => void): { error: unknown } | null {
  try {
    write()
    return null
  } catch (error) {
    return { error }
  }
}

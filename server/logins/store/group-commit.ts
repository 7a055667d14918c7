/** Many writes of one moment share one transaction, and so one wait for the disk. */
import type { Database } from 'better-sqlite3'

export interface GroupCommit {
  /**
   * Runs `work` inside a transaction with whatever else was asked for in this turn; `work` that throws undoes only itself. `committed` is
   * called in the same turn as the commit, and its result is what the promise resolves to.
   */
  <Work, Result>(work: () => Work, committed: (worked: Work) => Result): Promise<Result>
  /** Commits what waits. */
  flush(): void
}

/** More than this would hold up the requests of the next turn. */
const atMost = 200

interface Waiting {
  run(): void
  /** What its work threw. */
  error(): Error
  settle(): void
  fail(error: unknown): void
}

export function createGroupCommit(database: Database): GroupCommit {
  let waiting: Waiting[] = []
  let scheduled = false

  const runAll = database.transaction((group: readonly Waiting[]) => {
    for (const each of group) {
      each.run()
      // A full disk undoes the whole transaction, not only the work that met it. What came next would be committed alone, and be reported
      // as failed.
      if (!database.inTransaction) throw each.error()
    }
  })

  function commitSome(): void {
    scheduled = false
    const group = waiting.slice(0, atMost)
    waiting = waiting.slice(atMost)
    try {
      runAll.immediate(group)
    } catch (error) {
      // The commit itself failed, e.g. on a full disk: nothing of the group happened, and each caller hears so.
      for (const each of group) each.fail(error)
      group.length = 0
    }
    for (const each of group) each.settle()
    if (waiting.length > 0) schedule()
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    setImmediate(() => {
      if (scheduled) commitSome()
    })
  }

  function commit<Work, Result>(work: () => Work, committed: (worked: Work) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let outcome: { worked: Work } | { error: unknown } = { error: new Error('not run') }
      // A transaction inside a transaction is a savepoint.
      const undoable = database.transaction(work)
      waiting.push({
        run() {
          try {
            outcome = { worked: undoable() }
          } catch (error) {
            outcome = { error }
          }
        },
        error: () => ('error' in outcome && outcome.error instanceof Error ? outcome.error : new Error('the transaction was undone')),
        settle() {
          if ('error' in outcome) reject(outcome.error)
          else resolve(committed(outcome.worked))
        },
        fail: reject,
      })
      schedule()
    })
  }

  return Object.assign(commit, {
    flush() {
      while (waiting.length > 0) commitSome()
    },
  })
}

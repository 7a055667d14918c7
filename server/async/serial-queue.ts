/** One after the other, in the order of asking. */

export interface SerialQueue {
  /** Runs `work` when all before it has ended, however that ended; never in the same moment. Its caller's scope goes along with it. */
  run<Result>(work: () => Promise<Result> | Result): Promise<Result>
  /** Resolves when all that was asked for until now has ended. */
  settled(): Promise<void>
}

export function createSerialQueue(): SerialQueue {
  let last: Promise<void> = Promise.resolve()
  return {
    run(work) {
      const result = last.then(work)
      last = result.then(ignore, ignore)
      return result
    },
    settled: () => last,
  }
}

const ignore = (): void => undefined

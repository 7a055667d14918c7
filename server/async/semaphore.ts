/**
 * So many at once, the others in the order of asking. A place is held until it is given back, which may be long after the call that asked
 * for it: by a browser that lives, or a handshake that goes on.
 */

/** Gives a place back, or leaves the line; more than once does nothing. */
export type Release = () => void

export interface Semaphore {
  /** A place that nobody waits for; null when there is none. */
  take(): Release | null
  /** A place at once, also above the limit: for what a person waits for. Those in line count it. */
  takeAnyway(): Release
  /** Calls `begin` when there is a place, perhaps in this moment. What it returns leaves the line, or gives the place back. */
  whenFree(begin: (release: Release) => void): Release
  /** Resolves with what gives the place back. Rejects with the signal's reason, and leaves the line. */
  acquire(signal: AbortSignal): Promise<Release>
  /** To be called when the limit has risen. */
  limitChanged(): void
}

/** @param limit is asked each time, so it may change */
export function createSemaphore(limit: () => number): Semaphore {
  let taken = 0
  const line = new Set<() => void>()

  function takeAnyway(): Release {
    taken += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      taken -= 1
      callNext()
    }
  }

  /** Whoever is called has the place before anybody else can ask for it. */
  function callNext(): void {
    for (const come of line) {
      if (taken >= limit()) return
      line.delete(come)
      come()
    }
  }

  function whenFree(begin: (release: Release) => void): Release {
    let release: Release = () => line.delete(come)
    const come = (): void => {
      release = takeAnyway()
      begin(release)
    }
    line.add(come)
    callNext()
    return () => release()
  }

  return {
    take: () => (line.size > 0 || taken >= limit() ? null : takeAnyway()),
    takeAnyway,
    whenFree,
    acquire(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error)
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          leave()
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', stop, { once: true })
        const leave = whenFree((release) => {
          signal.removeEventListener('abort', stop)
          resolve(release)
        })
      })
    },
    limitChanged: callNext,
  }
}

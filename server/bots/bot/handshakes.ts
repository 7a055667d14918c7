/** How many bots connect in the same moment: after a cut fifty of them do not knock on WhatsApp's door at once. */
import { createSemaphore, type Release } from '../../async/semaphore.ts'

/** Ends a handshake, or leaves the line; more than once does nothing. */
export type End = Release

export interface Handshakes {
  /** Begins at once, for what a person waits for; those that come by themselves count it. */
  take(): End
  /** Calls `begin` in its turn, the first come first. */
  wait(begin: (end: End) => void): End
}

export interface HandshakesOptions {
  atOnce?: number
  /** Ms after which one that says nothing gives its place to the next. */
  longest?: number
}

export function createHandshakes({ atOnce = 10, longest = 30_000 }: HandshakesOptions = {}): Handshakes {
  const places = createSemaphore(() => atOnce)
  const timed = (release: Release): End => {
    const timer = setTimeout(release, longest).unref()
    return () => {
      clearTimeout(timer)
      release()
    }
  }
  return {
    take: () => timed(places.takeAnyway()),
    wait(begin) {
      let end: End | null = null
      const leave = places.whenFree((release) => {
        end = timed(release)
        begin(end)
      })
      return () => (end ?? leave)()
    },
  }
}

/** What is recorded of sessions that have ended is kept for as long as they are listed, and within one bound for all of them. */
import type { Session } from '../session/session.ts'

/** Bytes in memory; beyond them the oldest keep their last picture and what happened to the session itself. */
const mostBytes = 24_000_000

/** `ended`: the latest last. */
export function shrinkEnded(ended: readonly { recorder: Pick<Session['recorder'], 'bytes' | 'shrink'> }[]): void {
  let left = mostBytes
  for (const { recorder } of ended.toReversed()) {
    left -= recorder.bytes
    if (left < 0) recorder.shrink()
  }
}

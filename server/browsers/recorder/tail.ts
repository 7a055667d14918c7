/** One reader's live tail of one session's record: what happens, as it happens, and beyond ten a second only how much. */
import type { WebSocket } from 'ws'
import type { Clock } from '../../clock.ts'
import type { RecorderEntry } from '../contract/recorder-entries.ts'
import type { RecorderFilter, RecorderTailMessage } from '../contract/recorder.ts'
import type { SessionEventText } from '../events.ts'
import type { Session } from '../session/session.ts'
import { count, isOf, matches, type CategoryCounts, type Recorded } from './shown.ts'

export interface TailOptions {
  filter: RecorderFilter
  textOf: SessionEventText
  clock: Clock
}

/** Ms in which what comes is gathered into one message. */
const gather = 250
const perSecond = 10
/** Bytes waiting in the socket beyond which a reader gets nothing more until it reads. */
const full = 1_000_000

/** Owns the socket from here; it ends with the session. */
export function attachTail(socket: WebSocket, session: Session, { filter, textOf, clock }: TailOptions): void {
  const { recorder } = session
  let entries: RecorderEntry[] = []
  let counts: CategoryCounts = {}
  let skipped = 0
  /** When those of the last second were sent. */
  let sent: number[] = []
  const ends = [recorder.onAdded(added), session.onEnd(() => setImmediate(end))]
  socket.on('close', dispose)
  socket.on('error', () => socket.terminate())
  // Whoever follows begins with the totals.
  let timer: NodeJS.Timeout | undefined = setTimeout(flush, 0)

  function added(recorded: Recorded): void {
    const entry = recorder.show(recorded, textOf)
    if (matches(entry, filter)) {
      count(counts, entry)
      if (isOf(entry, filter.category)) entries.push(entry)
      keepLatest(perSecond)
    }
    timer ??= setTimeout(flush, gather)
  }

  /** Whoever looks wants to see what happens now. */
  function keepLatest(most: number): void {
    const over = Math.max(0, entries.length - most)
    entries = entries.slice(over)
    skipped += over
  }

  function flush(): void {
    timer = undefined
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > full) return void (timer = setTimeout(flush, gather))
    const now = clock.monotonic()
    sent = sent.filter((at) => now - at < 1_000)
    keepLatest(perSecond - sent.length)
    const message: RecorderTailMessage = { entries, skipped, counts, totals: recorder.totals }
    sent.push(...entries.map(() => now))
    entries = []
    counts = {}
    skipped = 0
    socket.send(JSON.stringify(message))
  }

  function end(): void {
    clearTimeout(timer)
    flush()
    dispose()
    socket.close(1_000, 'session ended')
  }

  function dispose(): void {
    clearTimeout(timer)
    for (const unsubscribe of ends) unsubscribe()
  }
}

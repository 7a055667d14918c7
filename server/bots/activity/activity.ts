/** How busy bots were, and in which states, over the last hours and days. */
import { iso, type Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { ActivityStore, Counts } from './store.ts'
import type { ActivityView } from '../contract/native/views.ts'
import type { BotRow, HistoryRow } from '../store.ts'

export interface ActivityParts {
  store: ActivityStore
  /** The bot's states since a time, the oldest first, led by the one it was in then. */
  historySince(userId: string, since: number): HistoryRow[]
  clock: Clock
  log: Pick<Log, 'warn'>
}

export type ActivityWindow = '1h' | '24h' | '7d'

const minute = 60_000
const slotLength = 5 * minute
const hour = 60 * minute
const windows: Readonly<Record<ActivityWindow, { length: number; step: number }>> = {
  '1h': { length: hour, step: slotLength },
  '24h': { length: 24 * hour, step: 15 * minute },
  '7d': { length: 7 * 24 * hour, step: 2 * hour },
}
/** One more day than the longest window shows. */
const keptFor = 8 * 24 * hour
/** Counts reach the disk this late: they are worth a write now and then, not one for each message. */
const saveEvery = 10_000

export class Activity {
  readonly #parts: ActivityParts
  readonly #unsaved = new Map<string, Counts & { userId: string; slot: number }>()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: ActivityParts) {
    this.#parts = parts
  }

  count(userId: string, what: keyof Counts): void {
    const slot = this.#slotOf(this.#parts.clock.now())
    const key = `${slot}:${userId}`
    const counts = this.#unsaved.get(key) ?? { userId, slot, received: 0, sent: 0, failed: 0 }
    counts[what] += 1
    this.#unsaved.set(key, counts)
    this.#timer ??= setTimeout(() => this.#save(), saveEvery).unref()
  }

  lastHour(userId: string): Counts {
    const total = { received: 0, sent: 0, failed: 0 }
    for (const counts of this.#slotsSince(userId, this.#slotOf(this.#parts.clock.now() - hour) + 1)) add(total, counts)
    return total
  }

  view({ userId, state, reason, since, createdAt }: BotRow, window: ActivityWindow): ActivityView {
    const { length, step } = windows[window]
    const now = this.#parts.clock.now()
    // Columns begin at round times, so that a chart does not flicker while it is watched; the last one is still filling.
    const to = Math.ceil((now + 1) / step) * step
    const from = to - length
    const columns = Array.from({ length: length / step }, () => ({ received: 0, sent: 0, failed: 0 }))
    for (const { slot, ...counts } of this.#slotsSince(userId, this.#slotOf(from))) {
      const column = columns[Math.floor((slot * slotLength - from) / step)]
      if (column !== undefined) add(column, counts)
    }
    const states = this.#statesOf(userId, Math.max(from, createdAt), now)
    const shown = states.length > 0 ? states : [{ from: Math.max(from, Math.min(since, now)), to: now, state, reason }]
    const span = shown.reduce((sum, each) => sum + each.to - each.from, 0)
    const online = shown.reduce((sum, each) => sum + (each.state === 'online' ? each.to - each.from : 0), 0)
    return {
      userId,
      from: iso(from),
      to: iso(to),
      step: step / 1_000,
      received: columns.map(({ received }) => received),
      sent: columns.map(({ sent }) => sent),
      failed: columns.map(({ failed }) => failed),
      states: shown.map((each) => ({ ...each, from: iso(each.from), to: iso(each.to) })),
      online: span === 0 ? 0 : online / span,
    }
  }

  trim(): void {
    this.#parts.store.trim(this.#slotOf(this.#parts.clock.now() - keptFor))
  }

  stop(): void {
    this.#save()
  }

  #save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    try {
      this.#parts.store.add([...this.#unsaved.values()])
      this.#unsaved.clear()
    } catch (error) {
      this.#parts.log.warn({ error }, 'how busy bots were could not be written; it is tried again with the next message')
    }
  }

  #slotOf(time: number): number {
    return Math.floor(time / slotLength)
  }

  #slotsSince(userId: string, slot: number): (Counts & { slot: number })[] {
    const unsaved = [...this.#unsaved.values()].filter((each) => each.userId === userId && each.slot >= slot)
    return [...this.#parts.store.since(userId, slot), ...unsaved]
  }

  #statesOf(userId: string, from: number, now: number): { from: number; to: number; state: HistoryRow['state']; reason: string | null }[] {
    const history = this.#parts.historySince(userId, from)
    return history
      .map(({ at, state, reason }, index) => ({ from: Math.max(from, at), to: history[index + 1]?.at ?? now, state, reason }))
      .filter((span) => span.to > span.from)
  }
}

function add(total: Counts, { received, sent, failed }: Counts): void {
  total.received += received
  total.sent += sent
  total.failed += failed
}

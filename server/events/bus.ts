/**
 * The event bus: gives every event its id, time and readable title, keeps the audited ones, tells the subscribers.
 *
 * What holds:
 * - Ids only ever rise, across restarts and crashes too. Blocks of ids are reserved in the database before they are used.
 * - `emit` returns at once. What one turn emits is committed in one transaction in the microtask after it, so an awaited service call
 *   that emitted an audited event goes on only when the event is on the disk.
 * - A subscriber sees an event after that commit, in order, once; nobody can have seen an event that a crash then undoes.
 * - A subscriber that throws harms neither the emitter nor the other subscribers.
 */
import type { Database } from 'better-sqlite3'
import { iso, type Clock } from '../clock.ts'
import type { SettingsSource } from '../config/source.ts'
import type { Log } from '../log.ts'
import type { BusEvent, EventSink, NewEvent } from './event.ts'
import { createRateMeter } from './rate.ts'
import { startRetention } from './retention.ts'
import { createEventStore, type AuditQuery } from './store.ts'

export type EventListener = (event: BusEvent) => void

export interface EventsSince {
  /** Oldest first. */
  events: BusEvent[]
  /** True when some event after the given id is gone, or was never kept: the reader must re-read what it shows. */
  gap: boolean
}

export interface EventBus extends EventSink {
  /** The id of the latest event that subscribers may have seen; 0 before the first. */
  lastId(): number
  /** Up to `limit` events after `id`. Ask again with the last one's id until it returns none. */
  since(id: number, limit: number): EventsSince
  /** Called once for each event after `lastId()`. Returns what ends the subscription. */
  subscribe(listener: EventListener): () => void
  /** The audit trail, newest first. */
  query(query: AuditQuery): Promise<{ events: BusEvent[]; more: boolean }>
  /** Over the last ten seconds. */
  eventsPerSecond(): number
  /** Commits what waits; called by itself after each turn. */
  flush(): void
  /** Applies the retention now instead of within the hour; resolves when done. */
  trim(): Promise<void>
  /** Commits and delivers what waits, gives unused ids back, ends the timers. */
  stop(): void
}

export interface EventBusOptions {
  database: Database
  clock: Clock
  log: Log
  /** Read for `audit.keepFor` and `audit.keepAtMost`. */
  settings: Pick<SettingsSource, 'current'>
  /** The words of what happened, for all who read events. */
  titleOf(event: Pick<BusEvent, 'room' | 'type' | 'data'>): string
  /** Told when the disk does not take the trail, with what it said. */
  refused?(error: unknown): void
  /** How many recent events are kept in memory for readers that resume. */
  recent?: number
}

const idBlock = 1_000
/** While the disk refuses to take them, this many audited events wait; then the oldest are given up. */
const mostUnsaved = 10_000
const retryAfter = 1_000
/** A search of the text reads row by row; this many take some 5 ms, then others get their turn. */
const searchWindow = 25_000

export function createEventBus({
  database,
  clock,
  log,
  settings,
  titleOf,
  refused = () => undefined,
  recent: keepRecent = 10_000,
}: EventBusOptions): EventBus {
  const store = createEventStore(database)
  const subscriptions = new Set<{ listener: EventListener; after: number }>()
  const rate = createRateMeter(clock)
  const retention = startRetention({ store, clock, log, settings })

  let lastGiven = store.lastId()
  let reserved = lastGiven
  let lastSeen = lastGiven
  /** Emitted in this turn. */
  let fresh: { event: BusEvent; audited: boolean }[] = []
  /** Audited, and refused by the disk so far. */
  let unsaved: BusEvent[] = []
  let refusing = false
  let undelivered: BusEvent[] = []
  /** The events `lastSeen - recent.length < id <= lastSeen`, without a hole. */
  let recent: BusEvent[] = []
  let retry: NodeJS.Timeout | undefined
  let stopped = false

  function emit({ room, type, subject = null, actor = 'system', tone = 'neutral', data = {}, audited = true }: NewEvent): void {
    if (stopped) {
      log.warn({ room, type }, 'event after the bus has stopped')
      return
    }
    lastGiven += 1
    // Frozen, because one object is handed to all readers.
    const event = Object.freeze({
      id: lastGiven,
      at: iso(clock.now()),
      room,
      type,
      title: titleOf({ room, type, data }),
      subject,
      actor,
      tone,
      data: Object.freeze({ ...data }),
    })
    if (fresh.length === 0) queueMicrotask(flush)
    fresh.push({ event, audited })
    rate.count()
  }

  function flush(): void {
    if (fresh.length === 0 && unsaved.length === 0) return
    const taken = fresh
    fresh = []
    unsaved.push(...taken.flatMap(({ event, audited }) => (audited ? [event] : [])))
    save()
    publish(taken.map(({ event }) => event))
  }

  function save(): void {
    clearTimeout(retry)
    try {
      if (lastGiven > reserved) {
        store.reserveIds(lastGiven + idBlock)
        reserved = lastGiven + idBlock
      }
      if (unsaved.length === 0) return
      store.append(unsaved)
      retention.added(unsaved.length)
      unsaved = []
      refusing = false
    } catch (error) {
      // A full disk must not take the house down: the event still reaches the windows, and the row is tried again.
      const lost = Math.max(0, unsaved.length - mostUnsaved)
      unsaved = unsaved.slice(lost)
      // Once, and with each loss: while the disk refuses, every turn that emits comes by here.
      if (!refusing || lost > 0) log.error({ error: String(error), waiting: unsaved.length, lost }, 'the audit trail cannot be written')
      refusing = true
      refused(error)
      retry = setTimeout(flush, retryAfter)
      retry.unref()
    }
  }

  function publish(events: BusEvent[]): void {
    const last = events.at(-1)
    if (last === undefined) return
    lastSeen = last.id
    recent.push(...events)
    // Cut rarely and by a lot: cutting one by one would move the whole array with each event.
    if (recent.length > keepRecent * 2) recent = recent.slice(-keepRecent)
    if (undelivered.length === 0) setImmediate(deliver)
    undelivered.push(...events)
  }

  function deliver(): void {
    const events = undelivered
    undelivered = []
    for (const event of events) {
      for (const { listener, after } of subscriptions) {
        if (event.id <= after) continue
        try {
          listener(event)
        } catch (error) {
          log.error({ error: String(error), event: event.type }, 'an event subscriber failed')
        }
      }
    }
  }

  function since(id: number, limit: number): EventsSince {
    if (id > lastSeen) return { events: [], gap: true }
    const firstRecent = lastSeen - recent.length + 1
    const kept = id + 1 < firstRecent ? store.between(id, firstRecent, limit) : []
    const from = Math.max(0, id + 1 - firstRecent)
    const events = kept.concat(recent.slice(from, from + limit - kept.length))
    const last = events.at(-1)?.id
    // Without a hole there are exactly as many events as the ids say; with nothing to send, nothing may be missing either.
    return { events, gap: last === undefined ? id < lastSeen : last - id !== events.length }
  }

  async function query({ before = Infinity, limit, ...filter }: AuditQuery): Promise<{ events: BusEvent[]; more: boolean }> {
    const window = filter.text === undefined || filter.text === '' ? Infinity : searchWindow
    const oldest = store.oldestId()
    const events: BusEvent[] = []
    // One more than asked for, to know whether there are more.
    for (let end = Math.min(before, lastSeen + 1); end > oldest && events.length <= limit; end -= window) {
      events.push(...store.query({ ...filter, after: Math.max(0, end - window - 1), before: end, limit: limit + 1 - events.length }))
      if (end > window) await new Promise((resolve) => setImmediate(resolve))
    }
    return { events: events.slice(0, limit), more: events.length > limit }
  }

  return {
    emit,
    flush,
    since,
    lastId: () => lastSeen,
    subscribe(listener) {
      // What `query` and `since` show already is not delivered on top.
      const subscription = { listener, after: lastSeen }
      subscriptions.add(subscription)
      return () => void subscriptions.delete(subscription)
    },
    query,
    eventsPerSecond: () => rate.perSecond(),
    trim: () => retention.trim(),
    stop() {
      if (stopped) return
      flush()
      stopped = true
      deliver()
      retention.stop()
      clearTimeout(retry)
      // So that an orderly restart leaves no hole in the ids, which readers would have to take for lost events.
      if (unsaved.length === 0) store.reserveIds(lastGiven)
      subscriptions.clear()
    },
  }
}

/**
 * Carries the deliveries of one webhook: those of one chat one by one, chats side by side up to so many calls, and none while its address
 * is left alone. One that fails over and over, or asks for it by `Retry-After`, is.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Caller, Outcome } from './caller.ts'
import { longestRetryAfter } from './answer.ts'
import type { DeliveryStore, Opened } from './deliveries-store.ts'
import { Lanes, type Lane } from './lanes.ts'
import type { WebhookStore } from './store.ts'
import type { Webhook } from './webhook.ts'

export interface CourierParts {
  store: Pick<WebhookStore, 'target'>
  deliveries: Pick<DeliveryStore, 'next' | 'lanes' | 'failed'>
  caller: Pick<Caller, 'deliver' | 'giveUp'>
  clock: Clock
  log: Log
  /** Ms before each further try. */
  waits: readonly number[]
}

/** Ms before it is tried again when our own tables refuse. */
const troubleWait = 30_000
/** Deliveries that fail in a row before their address is left alone, and the longest that it is for that alone. */
const fewFailures = 4
const longestPause = 60_000

export class Courier {
  readonly #parts: CourierParts
  readonly #lanes = new Lanes()
  readonly #underWay = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  #webhook: Pick<Webhook, 'id' | 'ordered' | 'atOnce' | 'waits'>
  #timer: NodeJS.Timeout | undefined
  #isCalled = false
  /** Failures in a row, and until when (ms of the monotonic clock) the address is left alone. */
  #failing = { times: 0, until: 0 }

  constructor(webhook: Webhook, parts: CourierParts) {
    this.#webhook = webhook
    this.#parts = parts
    this.reload(webhook)
  }

  /** Something has come for this key. Its way begins when the transaction is through in which it was written. */
  come(key: string | null): void {
    this.#lanes.add(this.#laneOf(key, false), this.#parts.clock.monotonic())
    this.#pumpSoon()
  }

  /** Looks anew at what waits: at the start, and after what a person has changed or asked for. */
  reload(webhook: Webhook): void {
    const { deliveries, clock } = this.#parts
    this.#webhook = webhook
    this.#failing = { times: 0, until: 0 }
    this.#lanes.clear()
    const now = clock.monotonic()
    for (const { key, replay } of deliveries.lanes(webhook.id)) this.#lanes.add(this.#laneOf(key, replay), now)
    this.#pumpSoon()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#timer)
    await Promise.all(this.#underWay)
  }

  get #waits(): readonly number[] {
    return this.#webhook.waits ?? this.#parts.waits
  }

  #laneOf(key: string | null, replay: boolean): Lane {
    if (this.#webhook.ordered) return { of: 'all' }
    return key === null ? { of: 'none' } : { of: 'key', key, replay }
  }

  #pumpSoon(): void {
    if (this.#isCalled) return
    this.#isCalled = true
    queueMicrotask(() => {
      this.#isCalled = false
      this.#pump()
    })
  }

  #pumpLater(wait: number): void {
    clearTimeout(this.#timer)
    if (!this.#stopping.signal.aborted) this.#timer = setTimeout(() => this.#pump(), wait)
  }

  #pump(): void {
    const { clock, log } = this.#parts
    clearTimeout(this.#timer)
    try {
      while (this.#hasRoom()) {
        const now = clock.monotonic()
        if (this.#failing.until > now) return this.#pumpLater(this.#failing.until - now)
        const lane = this.#lanes.take(now)
        if (lane === null) {
          const soonest = this.#lanes.soonest()
          return soonest === null ? undefined : this.#pumpLater(soonest - now)
        }
        if (!this.#goOn(lane, now)) return
      }
    } catch (error) {
      log.error({ webhook: this.#webhook.id, error }, 'a webhook could not be worked off')
      this.#pumpLater(troubleWait)
    }
  }

  #hasRoom(): boolean {
    if (this.#stopping.signal.aborted) return false
    // While it fails, one call at a time is enough to find out how it is.
    return this.#underWay.size < (this.#failing.times > 0 ? 1 : this.#webhook.atOnce)
  }

  /** Begins what is next in a lane that was taken. False when nothing of this webhook can go out for now. */
  #goOn(lane: Lane, now: number): boolean {
    const { store, deliveries, clock, caller } = this.#parts
    const { id } = this.#webhook
    try {
      const target = store.target(id)
      // One that is locked waits: its secret may come back with the key.
      if (target?.opened == null || target.standing !== 'on') {
        this.#lanes.rest(lane, now)
        return false
      }
      const longest = Math.max(longestRetryAfter, ...this.#waits)
      const next = deliveries.next(id, lane, clock.now(), clock.now() + longest)
      if (next === null) {
        this.#lanes.end(lane)
        return true
      }
      const wait = next.nextAt - clock.now()
      // What is further off than any wait is what the clock was set back by.
      if (wait > 0 && wait <= longest) this.#lanes.rest(lane, now + wait)
      else if (next.text === null) {
        caller.giveUp(next, 'its words were sealed under a key that is not here')
        this.#lanes.rest(lane, now)
      } else this.#carry(lane, { ...next, text: next.text }, { ...target, opened: target.opened })
      return true
    } catch (error) {
      this.#lanes.rest(lane, now + troubleWait)
      throw error
    }
  }

  #carry(lane: Lane, delivery: Opened & { text: string }, target: Parameters<Caller['deliver']>[0]): void {
    const { caller, clock, log } = this.#parts
    const { times } = this.#failing
    const work = caller
      .deliver(target, delivery, this.#waits, this.#stopping.signal)
      .then((outcome) => {
        this.#learn(outcome, times)
        this.#lanes.rest(lane, clock.monotonic() + (lane.of === 'none' ? 0 : outcome.wait))
      })
      .catch((error: unknown) => {
        log.error({ webhook: this.#webhook.id, error }, 'what came of a delivery could not be noted')
        this.#lanes.rest(lane, clock.monotonic() + troubleWait)
      })
      .finally(() => {
        this.#underWay.delete(work)
        this.#pump()
      })
    this.#underWay.add(work)
  }

  /** One delivery may be poison to its receiver; several in a row are the receiver's own trouble. Those sent side by side count as one. */
  #learn({ how, retryAfter }: Outcome, timesBefore: number): void {
    const now = this.#parts.clock.monotonic()
    if (how === 'delivered') this.#failing = { times: 0, until: 0 }
    if (how === 'failed' && this.#failing.times === timesBefore) {
      const times = timesBefore + 1
      const wait = this.#waits[Math.min(times - fewFailures, this.#waits.length - 1)] ?? 0
      this.#failing = { times, until: times < fewFailures ? 0 : now + Math.min(longestPause, wait) }
    }
    if (retryAfter !== null) this.#failing.until = Math.max(this.#failing.until, now + retryAfter)
  }
}

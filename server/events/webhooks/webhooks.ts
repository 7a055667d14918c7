/**
 * The dispatcher of webhooks for all rooms.
 *
 * What holds:
 * - What was handed in is on the disk before `send` returns; a crash loses none, and may deliver one twice under the same id.
 * - Each address gets its deliveries one by one; a slow one holds up nobody else.
 * - A delivery that fails is tried again with growing waits, then kept as dead until it is replayed or its webhook is removed. Meanwhile
 *   it steps aside for those after it, save where the webhook was asked to keep their order.
 * - An address that fails one delivery after the other is left alone for a while, so that a long backlog does not run against it.
 */
import { randomBytes } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import { iso, type Clock } from '../../clock.ts'
import { KernelFault } from '../../fault.ts'
import type { ApiName } from '../../http/contract.ts'
import type { Egress } from '../../http/egress.ts'
import { splitUserinfo } from '../../http/userinfo.ts'
import { reasonOf, within, type Scope } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { postWebhook } from './request.ts'
import { createWebhookStore, type Delivery, type Webhook } from './store.ts'

export interface WebhooksOptions {
  database: Database
  sealer: Sealer
  clock: Clock
  log: Log
  /** Where deliveries may go. */
  egress: Egress
  /** Ms before each further attempt; after the last one the delivery is dead. */
  waits?: readonly number[]
}

export type WebhookState = Webhook & { waiting: number; dead: number }

export interface Webhooks {
  /** The secret is in this answer and nowhere else. Throws `webhook-refused` for an address that may not be called. */
  add(
    room: string,
    subject: string,
    wanted: { url: string; types: readonly string[]; ordered?: boolean | undefined },
  ): WebhookState & { secret: string }
  list(room: string, subject: string): WebhookState[]
  /** Throws `webhook-not-found`. */
  remove(room: string, subject: string, id: string): void
  removeAll(room: string, subject: string): void
  /** Tells every webhook of the subject that wants this type; `onlyNamed`: not those that take all types without naming any. */
  send(room: string, subject: string, type: string, data: unknown, how?: { onlyNamed?: boolean }): void
  /** Tells this one, whatever types it wants otherwise. Throws `webhook-not-found`, and `webhook-backlog` while it takes nothing. */
  sendTo(room: string, subject: string, id: string, type: string, data: unknown): void
  dead(room: string, subject: string, id: string): Delivery[]
  /** Tries the dead ones again; the number of them. */
  replay(room: string, subject: string, id: string): number
  /** Tries one of them again. Throws `delivery-not-found` when it is not dead. */
  replayOne(room: string, subject: string, id: string, delivery: string): void
  /** Webhooks of a room whose secret was sealed under a key that is not here: they wait for it. */
  locked(room: string): number
  /** Removes them with what waits for them. */
  giveUpLocked(room: string): void
  start(): void
  stop(): Promise<void>
}

const seconds = 1_000
const minute = 60 * seconds
const defaultWaits = [5 * seconds, 30 * seconds, 2 * minute, 10 * minute, 60 * minute, 6 * 60 * minute]
const timeout = 10 * seconds
/** Answers after which the same request would be answered the same. */
const hopeless = new Set([400, 401, 403, 404, 405, 410, 413, 415, 422])
/** Deliveries that fail in a row before their address is left alone, and the longest that it is. */
const fewFailures = 4
const longestPause = minute
/** Ms before it is tried again when our own tables refuse. */
const troubleWait = 30 * seconds
const deadShown = 100
/** An address that takes nothing for days must not fill the disk. */
const longestBacklog = 10_000

export function createWebhooks({ database, sealer, clock, log, egress, waits = defaultWaits }: WebhooksOptions): Webhooks {
  const store = createWebhookStore(database, sealer)
  const working = new Map<string, Promise<void>>()
  /** Handed something in the moment between finding nothing more and being done. */
  const again = new Set<string>()
  const timers = new Map<string, NodeJS.Timeout>()
  /** Failures in a row, and until when (ms of the monotonic clock) the address is left alone. */
  const failing = new Map<string, { times: number; until: number }>()
  let stopping = new AbortController()

  const withCounts = (webhook: Webhook): WebhookState => ({ ...webhook, ...store.counts(webhook.id) })

  function known(room: string, subject: string, id: string): void {
    if (!store.list(room, subject).some((webhook) => webhook.id === id)) throw new KernelFault('webhook-not-found', 'No such webhook')
  }

  /** False when its backlog is full. */
  function enqueue(id: string, type: string, data: unknown): boolean {
    if (store.counts(id).waiting >= longestBacklog) return false
    const now = clock.now()
    store.enqueue(`delivery_${randomBase62(20)}`, id, type, JSON.stringify({ type, timestamp: iso(now), data }), now)
    pump(id)
    return true
  }

  /** What was revived does not wait until its address is tried again. */
  function pumpNow(id: string): void {
    failing.delete(id)
    pump(id)
  }

  function pump(id: string): void {
    if (stopping.signal.aborted) return
    if (working.has(id)) return void again.add(id)
    again.delete(id)
    // The wait may be that of another delivery, which is no matter of one that has just come.
    clearTimeout(timers.get(id))
    timers.delete(id)
    const work = workOff(id)
      .catch((error: unknown) => {
        log.error({ webhook: id, error }, 'a webhook could not be worked off')
        pumpLater(id, troubleWait)
      })
      .finally(() => {
        working.delete(id)
        if (again.has(id)) pump(id)
      })
    working.set(id, work)
  }

  function pumpLater(id: string, wait: number): void {
    if (stopping.signal.aborted) return
    clearTimeout(timers.get(id))
    timers.set(
      id,
      setTimeout(() => {
        timers.delete(id)
        pump(id)
      }, wait),
    )
  }

  async function workOff(id: string): Promise<void> {
    for (;;) {
      const target = store.target(id)
      // One that is locked waits: its secret may come back with the key.
      if (target?.opened == null) return
      const delivery = store.next(id, target.ordered, clock.now())
      if (delivery === null || stopping.signal.aborted) return
      const wait = Math.max(delivery.nextAt - clock.now(), (failing.get(id)?.until ?? 0) - clock.monotonic())
      if (wait > 0) return pumpLater(id, wait)
      if (delivery.text === null) store.failed(delivery.id, 'its words were sealed under a key that is not here', null)
      else await attempt({ ...delivery, text: delivery.text }, { ...target, ...target.opened })
    }
  }

  async function attempt(
    { id, webhookId, text, attempts }: Delivery & { text: string },
    { room, ...target }: { room: string; url: string; secret: string; userinfo: string | null },
  ): Promise<void> {
    const life = new AbortController()
    const scope: Scope = { room: room as ApiName, kind: 'webhook', id: webhookId, escaped: (error) => life.abort(error) } // rooms hand in their own name
    const signal = AbortSignal.any([stopping.signal, life.signal])
    const sent = { ...target, id, body: text, timestamp: Math.floor(clock.now() / 1_000), egress, timeout, signal }
    const outcome = await within(scope, () => postWebhook(sent)).catch((error: unknown) =>
      reasonOf(life.signal.aborted ? life.signal.reason : error),
    )
    if (stopping.signal.aborted) return
    if (typeof outcome === 'number' && outcome >= 200 && outcome < 300) {
      failing.delete(webhookId)
      return store.done(id)
    }
    const isHopeless = typeof outcome === 'number' && hopeless.has(outcome)
    const wait = isHopeless ? undefined : waits[attempts]
    store.failed(id, typeof outcome === 'number' ? `answered ${outcome}` : outcome, wait === undefined ? null : clock.now() + wait)
    if (!isHopeless) leaveAlone(webhookId)
  }

  /** One delivery may be poison to its receiver; several in a row are the receiver's own trouble. */
  function leaveAlone(id: string): void {
    const times = (failing.get(id)?.times ?? 0) + 1
    const pause = times < fewFailures ? 0 : Math.min(longestPause, waits[Math.min(times - fewFailures, waits.length - 1)] ?? 0)
    failing.set(id, { times, until: clock.monotonic() + pause })
  }

  return {
    add(room, subject, { url: given, types, ordered = false }) {
      const { url, userinfo } = splitUserinfo(given)
      try {
        egress.check(url)
      } catch (error) {
        throw KernelFault.is(error, 'address-refused') ? new KernelFault('webhook-refused', error.message, error.details) : error
      }
      const webhook: Webhook = { id: `webhook_${randomBase62(16)}`, room, subject, url, types: [...types], ordered, createdAt: clock.now() }
      const secret = `whsec_${randomBytes(24).toString('base64')}`
      store.add(webhook, secret, userinfo)
      return { ...webhook, waiting: 0, dead: 0, secret }
    },
    list: (room, subject) => store.list(room, subject).map(withCounts),
    remove(room, subject, id) {
      if (!store.remove(room, subject, id)) throw new KernelFault('webhook-not-found', 'No such webhook')
    },
    removeAll: store.removeAll,
    send(room, subject, type, data, { onlyNamed = false } = {}) {
      for (const webhook of store.list(room, subject)) {
        if (webhook.types.length > 0 ? !webhook.types.includes(type) : onlyNamed) continue
        if (!enqueue(webhook.id, type, data)) log.warn({ webhook: webhook.id }, 'a webhook takes nothing and its backlog is full')
      }
    },
    sendTo(room, subject, id, type, data) {
      known(room, subject, id)
      if (!enqueue(id, type, data))
        throw new KernelFault('webhook-backlog', `The webhook takes nothing, and ${longestBacklog} deliveries wait for it already`)
    },
    dead(room, subject, id) {
      known(room, subject, id)
      return store.dead(id, deadShown)
    },
    replay(room, subject, id) {
      known(room, subject, id)
      const count = store.revive(id, clock.now())
      pumpNow(id)
      return count
    },
    replayOne(room, subject, id, delivery) {
      known(room, subject, id)
      if (!store.reviveOne(id, delivery, clock.now())) throw new KernelFault('delivery-not-found', 'No such delivery was given up')
      pumpNow(id)
    },
    locked: (room) => store.locked(room).length,
    giveUpLocked: (room) => store.locked(room).forEach(store.drop),
    start() {
      stopping = new AbortController()
      try {
        store.tidy()
      } catch (error) {
        // A disk that refuses: the next start tries again.
        log.warn({ error }, 'addresses of webhooks could not be tidied')
      }
      store.pending().forEach(pump)
    },
    async stop() {
      stopping.abort()
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      failing.clear()
      await Promise.all(working.values())
    },
  }
}

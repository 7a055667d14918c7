/**
 * The webhooks of all rooms.
 *
 * What holds:
 * - What was handed in is on the disk before `send` returns; a crash loses none, and may deliver one twice under the same id.
 * - What is about one chat (or whatever a room's events are about) is delivered in its order; chats go side by side, up to so many calls at
 *   once. A webhook may ask for one order of all instead.
 * - One that fails is tried again with growing waits; its chat waits with it, the others do not. After the last try it is a dead letter and
 *   the rest of its chat goes on.
 * - An address that fails one delivery after the other is left alone for a while; one that says it is gone, until a person says otherwise.
 * - Nothing is just dropped: what finds no room to wait is a dead letter, and dead letters that make room are counted.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Database } from 'better-sqlite3'
import { iso, type Clock } from '../../clock.ts'
import { KernelFault } from '../../fault.ts'
import type { Egress } from '../../http/egress.ts'
import { splitUserinfo } from '../../http/userinfo.ts'
import type { Log } from '../../log.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { Sealer } from '../../secrets/sealer.ts'
import { createAttemptStore } from './attempts-store.ts'
import { usualBounds, type Bounds } from './bounds.ts'
import { createCaller, type CallerParts, type Complete } from './caller.ts'
import { Courier } from './courier.ts'
import { createDeliveryStore } from './deliveries-store.ts'
import { createHistory, type History } from './history.ts'
import { createKeeper } from './keeper.ts'
import { createWebhookStore, type Target } from './store.ts'
import { choices, defaultWaits, wants, type About, type Attempt, type Standing, type Webhook, type WebhookWish } from './webhook.ts'

export interface WebhooksOptions {
  database: Database
  sealer: Sealer
  clock: Clock
  log: Log
  /** Where deliveries may go. */
  egress: Egress
  /** Ms before each further attempt; after the last one the delivery is dead. */
  waits?: readonly number[]
  bounds?: Bounds
  /** See `caller.ts`. */
  complete?: Complete | undefined
  /** Its webhooks alone are worked off here; those of all rooms when left out. */
  room?: string
  onOutcome?: CallerParts['onOutcome']
  /** One of the room's webhooks needs a person, or needs one no more. */
  onTrouble?(room: string): void
}

export type WebhookState = Webhook & { waiting: number; dead: number }

/** What about a webhook needs a person. */
export interface WebhookTrouble extends Pick<Webhook, 'id' | 'subject' | 'url' | 'standing' | 'dropped'> {
  dead: number
  since: number
}

export interface Webhooks extends History {
  /** The secret is in this answer and nowhere else. Throws `webhook-refused` for an address that may not be called. */
  add(room: string, subject: string, wanted: WebhookWish): WebhookState & { secret: string }
  /** What is left out stays. Throws `webhook-not-found`, `webhook-refused`, and `sealed-locked` where its secret cannot be opened. */
  change(room: string, subject: string, id: string, wanted: Partial<WebhookWish>): WebhookState
  list(room: string, subject: string): WebhookState[]
  /** Throws `webhook-not-found`. */
  remove(room: string, subject: string, id: string): void
  removeAll(room: string, subject: string): void
  /** While it is paused what comes waits for it. Throws `webhook-not-found`. */
  pause(room: string, subject: string, id: string): WebhookState
  resume(room: string, subject: string, id: string): WebhookState
  /** Tells every webhook of the subject that wants this; `onlyNamed`: not those that take all types without naming any. */
  send(room: string, subject: string, type: string, data: unknown, how?: About & { onlyNamed?: boolean }): void
  /** Tells this one, whatever it wants otherwise. Throws `webhook-not-found`, and `webhook-backlog` when that is a dead letter at once. */
  sendTo(room: string, subject: string, id: string, type: string, data: unknown, about?: About): void
  /** Calls it with a sample, at once and once; what the receiver said. Throws `webhook-not-found` and `webhook-testing`. */
  test(room: string, subject: string, id: string, type: string, data: unknown): Promise<Attempt & { body: string }>
  /** How many deliveries wait for it. */
  waiting(id: string): number
  /** What of the room needs a person. */
  troubles(room: string): WebhookTrouble[]
  /** Webhooks of a room whose secret was sealed under a key that is not here: they wait for it. */
  locked(room: string): number
  lockedIds(room: string): string[]
  /** Removes them with what waits for them. */
  giveUpLocked(room: string): void
  start(): void
  stop(): Promise<void>
}

const hour = 3_600_000

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { database, sealer, clock, log, egress, waits = defaultWaits, bounds = usualBounds, onTrouble = () => {} } = options
  const store = createWebhookStore(database, sealer, options.room)
  const deliveries = createDeliveryStore(database, sealer)
  const attempts = createAttemptStore(database, sealer)
  const keeper = createKeeper({ store, deliveries, clock, bounds })
  const { complete, onOutcome } = options
  const caller = createCaller({ database, store, deliveries, attempts, keeper, egress, clock, complete, onTrouble, onOutcome })
  const couriers = new Map<string, Courier>()
  const testing = new Set<string>()
  let stopping = new AbortController()
  let trimming: NodeJS.Timeout | undefined

  const withCounts = (webhook: Webhook): WebhookState => ({
    ...webhook,
    waiting: deliveries.size(webhook.id, 'waiting').count,
    dead: deliveries.size(webhook.id, 'dead').count,
  })

  function known(room: string, subject: string, id: string): Webhook {
    const webhook = store.list(room, subject).find((each) => each.id === id)
    if (webhook === undefined) throw new KernelFault('webhook-not-found', 'No such webhook')
    return webhook
  }

  /** Null while all rests. One that is new looks by itself at what waits. */
  function courierOf(webhook: Webhook): Courier | null {
    if (stopping.signal.aborted) return null
    const courier = couriers.get(webhook.id) ?? new Courier(webhook, { store, deliveries, caller, clock, log, waits })
    couriers.set(webhook.id, courier)
    return courier
  }

  function drop(id: string): void {
    void couriers.get(id)?.stop()
    couriers.delete(id)
  }

  /** False when there was no room for it to wait, and it is a dead letter at once. */
  function enqueue(webhook: Webhook, type: string, data: unknown, { key = null, once }: About): boolean {
    const now = clock.now()
    const event = { type, timestamp: iso(now) }
    const whole = JSON.stringify({ ...event, data })
    const bytes = Buffer.byteLength(whole)
    const isTooLarge = bytes > bounds.body
    const hasRoom = keeper.hasRoom(webhook.id, bytes)
    const problem = isTooLarge ? `it has ${bytes} bytes, which is too large to be kept` : hasRoom ? null : 'too much waits for it already'
    const id = `delivery_${once === undefined ? randomBase62(20) : nameOf(webhook.id, once)}`
    const body = isTooLarge ? JSON.stringify({ ...event, data: null, tooLarge: bytes }) : whole
    deliveries.add({ id, webhookId: webhook.id, type, key, body, createdAt: now, problem })
    if (problem === null) courierOf(webhook)?.come(key)
    else {
      keeper.afterDead(webhook.id)
      onTrouble(webhook.room)
    }
    return problem === null
  }

  /** Throws `webhook-refused`. */
  function checked(given: string): { url: string; userinfo: string | null } {
    const split = splitUserinfo(given)
    try {
      egress.check(split.url)
    } catch (error) {
      throw KernelFault.is(error, 'address-refused') ? new KernelFault('webhook-refused', error.message, error.details) : error
    }
    return split
  }

  function stand(room: string, subject: string, id: string, standing: Standing): WebhookState {
    const webhook = known(room, subject, id)
    if (webhook.standing !== standing) store.stand(id, standing, clock.now())
    const changed = known(room, subject, id)
    courierOf(changed)?.reload(changed)
    onTrouble(room)
    return withCounts(changed)
  }

  function trim(): void {
    try {
      keeper.trim()
    } catch (error) {
      log.warn({ error }, 'old deliveries of webhooks could not be removed; the next round tries again')
    }
  }

  const history = createHistory({
    ...{ database, store, deliveries, attempts, clock, known, bounds, onTrouble },
    onRevived: (webhook) => courierOf(webhook)?.reload(webhook),
  })

  return {
    ...history,
    add(room, subject, { url: given, types, ordered = false, headers = {}, ...chosen }) {
      const { url, userinfo } = checked(given)
      const webhook: Webhook = {
        ...choices.parse({ ...chosen, headerNames: Object.keys(headers) }),
        ...{ id: `webhook_${randomBase62(16)}`, room, subject, url, types: [...types], ordered, createdAt: clock.now() },
        ...{ standing: 'on', standingSince: null, dropped: 0, droppedAt: null },
      }
      const secret = `whsec_${randomBytes(24).toString('base64')}`
      store.add(webhook, { url, secret, userinfo, headers: { ...headers } })
      return { ...webhook, waiting: 0, dead: 0, secret }
    },
    change(room, subject, id, { url: given, types, ordered, headers, ...chosen }) {
      const target: Target | null = store.target(known(room, subject, id).id)
      if (target?.opened == null) throw new KernelFault('sealed-locked', 'Its secret was sealed under a key that is not here')
      const { opened, ...webhook } = target
      const part = {
        ...opened,
        ...(given === undefined ? {} : checked(given)),
        ...(headers === undefined ? {} : { headers: { ...headers } }),
      }
      const changed: Webhook = {
        ...webhook,
        ...choices.parse({ ...webhook, ...chosen, headerNames: Object.keys(part.headers) }),
        types: types === undefined ? webhook.types : [...types],
        ordered: ordered ?? webhook.ordered,
      }
      store.change(changed, part)
      const listed = known(room, subject, id)
      courierOf(listed)?.reload(listed)
      return withCounts(listed)
    },
    list: (room, subject) => store.list(room, subject).map(withCounts),
    remove(room, subject, id) {
      if (!store.remove(room, subject, id)) throw new KernelFault('webhook-not-found', 'No such webhook')
      drop(id)
      onTrouble(room)
    },
    removeAll(room, subject) {
      const ids = store.list(room, subject).map(({ id }) => id)
      store.removeAll(room, subject)
      ids.forEach(drop)
    },
    pause: (room, subject, id) => stand(room, subject, id, 'paused'),
    resume: (room, subject, id) => stand(room, subject, id, 'on'),
    send(room, subject, type, data, { onlyNamed = false, ...about } = {}) {
      for (const webhook of store.list(room, subject)) if (wants(webhook, type, about, onlyNamed)) enqueue(webhook, type, data, about)
    },
    sendTo(room, subject, id, type, data, about = {}) {
      if (!enqueue(known(room, subject, id), type, data, about))
        throw new KernelFault('webhook-backlog', 'The webhook takes nothing and too much waits for it already; this one is a dead letter')
    },
    async test(room, subject, id, type, data) {
      const target = store.target(known(room, subject, id).id)
      if (target?.opened == null) throw new KernelFault('sealed-locked', 'Its secret was sealed under a key that is not here')
      if (testing.has(id)) throw new KernelFault('webhook-testing', 'A test of this webhook is under way')
      testing.add(id)
      const body = JSON.stringify({ type, timestamp: iso(clock.now()), data })
      try {
        return { ...(await caller.test({ ...target, opened: target.opened }, `test_${randomBase62(20)}`, body, stopping.signal)), body }
      } finally {
        testing.delete(id)
      }
    },
    waiting: (id) => deliveries.size(id, 'waiting').count,
    troubles: (room) =>
      store.ofRoom(room).flatMap(({ id, subject, url, standing, standingSince, dropped, droppedAt }) => {
        const dead = deliveries.size(id, 'dead').count
        if (dead === 0 && dropped === 0 && standing !== 'gone') return []
        const since = (standing === 'gone' ? standingSince : null) ?? deliveries.deadSince(id) ?? droppedAt ?? clock.now()
        return [{ id, subject, url, standing, dropped, dead, since }]
      }),
    locked: (room) => store.locked(room).length,
    lockedIds: store.locked,
    giveUpLocked: (room) => store.locked(room).forEach(store.removeOne),
    start() {
      stopping = new AbortController()
      try {
        store.tidy()
      } catch (error) {
        // A disk that refuses: the next start tries again.
        log.warn({ error }, 'addresses of webhooks could not be tidied')
      }
      trim()
      clearInterval(trimming)
      trimming = setInterval(trim, hour).unref()
      for (const id of store.ids()) {
        const webhook = store.target(id)
        if (webhook !== null && deliveries.size(id, 'waiting').count > 0) courierOf(webhook)
      }
    },
    async stop() {
      stopping.abort()
      clearInterval(trimming)
      const all = [...couriers.values()]
      couriers.clear()
      await Promise.all(all.map((courier) => courier.stop()))
    },
  }
}

/** Twenty letters and digits, the same for the same name. */
function nameOf(webhook: string, once: string): string {
  const digest = createHash('sha256').update(webhook).update('\0').update(once).digest('base64')
  return digest.replace(/[+/=]/g, '').padEnd(20, '0').slice(0, 20)
}

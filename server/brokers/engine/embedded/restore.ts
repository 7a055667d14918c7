/** Makes subscribers, queues and dead letters out of what the journal says. */
import type { Clock } from '../../../clock.ts'
import type { Due, MessageStore } from './message-store.ts'
import type { DeadLetter, Delivery, Message, Subscriber, Tenant } from './model.ts'
import { needsLastingId } from './numbering.ts'
import type { Recorder } from './recorder.ts'
import type { StoredDelivery, StoredMessage } from './stored.ts'
import type { Replay, ReplayedSubscriber } from './replay.ts'
import type { Schedule } from './schedule.ts'
import { sharesOf, type Sharing } from './sharing.ts'
import { newSubscriber } from './tenant.ts'
import type { Turns } from './turns.ts'

/** What a letter says of whom nobody knows any more. */
const nameless = 'anonymous'

export interface RestoreParts {
  clock: Clock
  tenants: ReadonlyMap<number, Tenant>
  store: MessageStore
  recorder: Recorder
  schedule: Schedule<Due>
  sharing: Sharing
  turns: Turns
}

/** In turns: the rest of the program is at work already. Nothing is due before all of it is there. */
export async function restore(parts: RestoreParts, replay: Replay): Promise<void> {
  parts.schedule.hold()
  parts.store.nextSeq = replay.nextSeq
  parts.store.nextDeadLetter = replay.nextDeadLetter
  const subscribers = new Map<number, Subscriber>()
  await parts.turns.each(replay.subscribers.values(), (stored) => {
    const subscriber = restoreSubscriber(parts, stored)
    if (subscriber !== null) subscribers.set(stored.id, subscriber)
  })
  for (const [tenant, ids] of replay.seen)
    await parts.turns.each(ids, (id) => void parts.tenants.get(tenant)?.seen.add(id, parts.clock.monotonic()))
  const restored: { message: Message; stored: StoredMessage }[] = []
  await parts.turns.each(replay.messages.values(), (stored) => {
    const each = restoreMessage(parts, stored)
    if (each !== null) restored.push(each)
  })
  // Deliveries in the order of acceptance, whatever segment a message has moved to since.
  restored.sort((a, b) => a.message.seq - b.message.seq)
  await parts.turns.each(restored, ({ message, stored }) => restoreDeliveries(parts, message, stored, subscribers))
  parts.schedule.letGo()
}

function restoreSubscriber(parts: RestoreParts, stored: ReplayedSubscriber): Subscriber | null {
  const tenant = parts.tenants.get(stored.tenant)
  if (tenant === undefined) return null
  // It was connected when the process ended, or away before: either way it is away now.
  const awaySince = stored.awaySince ?? parts.clock.now()
  const subscriber = newSubscriber({ id: stored.id, tenant, key: stored.key, durable: true, keepFor: stored.keepFor, awaySince })
  for (const [name, wanted] of stored.subscriptions) {
    const subscription = { ...wanted, subscriber, turn: 0 }
    subscriber.subscriptions.set(name, subscription)
    tenant.tree.add(subscription)
    if (subscription.group !== null) subscriber.groups.add(subscription)
  }
  for (const id of stored.releasing) subscriber.packetIds.releasing.add(id)
  for (const id of stored.receiving) subscriber.packetIds.receiving.add(id)
  const { will = null } = stored
  subscriber.will = will === null ? null : { ...will, body: Buffer.from(will.body, 'base64') }
  tenant.subscribers.set(stored.key, subscriber)
  tenant.kept += 1
  if (stored.keepFor !== null) parts.schedule.plan(subscriber, parts.clock.monotonic() + stored.keepFor - (parts.clock.now() - awaySince))
  return subscriber
}

function restoreMessage(parts: RestoreParts, stored: StoredMessage): { message: Message; stored: StoredMessage } | null {
  const tenant = parts.tenants.get(stored.tenant)
  if (tenant === undefined) return null
  const { seq, topic, id, publisher, acceptedAt, expiresAt, qos, retain, retained, source, body, properties, segment } = stored
  const message: Message = {
    kind: 'message',
    due: 0,
    slot: -1,
    seq,
    tenant,
    topic,
    id,
    publisher,
    acceptedAt,
    expiresAt,
    qos,
    retain,
    source,
    body,
    properties,
    segment,
    origin: 0,
    deliveries: [],
    pending: 0,
    letters: null,
    retained: false,
    frame: null,
  }
  parts.store.keep(message)
  const before = tenant.retained.get(topic)
  if (retained && (before === undefined || before.seq < seq)) {
    if (before !== undefined) before.retained = false
    message.retained = true
    tenant.retained.set(topic, message)
  }
  return { message, stored }
}

function restoreDeliveries(
  parts: RestoreParts,
  message: Message,
  stored: StoredMessage,
  subscribers: ReadonlyMap<number, Subscriber>,
): void {
  const { tenant } = message
  for (const [id, { reason, tries, at, subscriberKey }] of stored.dead ?? [])
    addLetter(parts, { id, tenant, message, subscriberKey, reason, tries, at })
  const lost: [number, StoredDelivery][] = []
  for (const [subscriberId, delivery] of stored.deliveries) {
    const subscriber = subscribers.get(subscriberId)
    if (subscriber === undefined) lost.push([subscriberId, delivery])
    else restoreDelivery(parts, message, delivery, subscriber)
  }
  for (const [subscriberId, delivery] of lost) restoreLost(parts, message, delivery, subscriberId)
}

function restoreDelivery({ store }: RestoreParts, message: Message, stored: StoredDelivery, subscriber: Subscriber): Delivery {
  const { tries, owed, packetId } = stored
  const delivery = store.addDelivery(message, { ...stored, subscriber, noLocal: false })
  delivery.state = 'queued'
  // One of quality 2 is not sent before its packet id is on the disk: what was tried before, others of its group tried.
  delivery.maybeSent = packetId !== 0 || !needsLastingId(delivery)
  if (delivery.maybeSent) delivery.tries = tries
  else delivery.triedBefore = tries
  delivery.packetId = packetId
  delivery.isNumbered = packetId !== 0
  if (packetId !== 0) subscriber.packetIds.sent.add(packetId)
  store.oweGroups(delivery, owed)
  subscriber.queue.push(delivery)
  return delivery
}

/**
 * Of a connection without a name, which the end of the process ended: what it was to get for a group goes to another member, unless it may
 * have it of quality 2 (MQTT-4.8.2-5); what else it may not have got is kept.
 */
function restoreLost(parts: RestoreParts, message: Message, stored: StoredDelivery, subscriberId: number): void {
  const { tenant } = message
  const { store, sharing, recorder, clock } = parts
  if (sharesOf(stored).length > 0 && stored.qos < 2) {
    const gone = newSubscriber({ id: subscriberId, tenant, key: nameless, durable: false, keepFor: null })
    const delivery = restoreDelivery(parts, message, stored, gone)
    sharing.passOn(delivery, { isGone: true })
    if (!store.release(delivery)) return
  }
  const letter: DeadLetter = {
    id: store.nextDeadLetter++,
    tenant,
    message,
    subscriberKey: nameless,
    reason: 'subscriber-gone',
    tries: stored.tries,
    at: clock.now(),
  }
  addLetter(parts, letter)
  recorder.of(tenant)?.dead(letter, subscriberId)
}

function addLetter({ store }: RestoreParts, letter: DeadLetter): void {
  store.addDeadLetter(letter)
  letter.tenant.statistics.deadTotal += 1
}

/** Makes subscribers, queues and dead letters out of what the journal says. */
import type { Engine } from './engine.ts'
import type { DeadLetter, Message, Subscriber } from './model.ts'
import type { StoredMessage, StoredSubscriber } from './records.ts'
import { needsLastingId } from './packet-ids.ts'
import type { Replay } from './replay.ts'
import { newSubscriber } from './tenant.ts'

export function restore(engine: Engine, replay: Replay): void {
  engine.nextSeq = replay.nextSeq
  engine.nextSubscriber = replay.nextSubscriber
  engine.nextDeadLetter = replay.nextDeadLetter
  const subscribers = new Map<number, Subscriber>()
  for (const stored of replay.subscribers.values()) {
    const subscriber = restoreSubscriber(engine, stored)
    if (subscriber !== null) subscribers.set(stored.id, subscriber)
  }
  for (const [tenant, ids] of replay.seen) for (const id of ids) engine.tenants.get(tenant)?.markSeen(id, engine.clock.monotonic())
  // Deliveries in the order of acceptance, whatever segment a message has moved to since.
  const restored = [...replay.messages.values()].flatMap((stored) => restoreMessage(engine, stored) ?? [])
  for (const { message, stored } of [...restored].sort((a, b) => a.message.seq - b.message.seq))
    restoreDeliveries(engine, message, stored, subscribers)
}

function restoreSubscriber(engine: Engine, stored: StoredSubscriber): Subscriber | null {
  const tenant = engine.tenants.get(stored.tenant)
  if (tenant === undefined) return null
  // It was connected when the process ended, or away before: either way it is away now.
  const awaySince = stored.awaySince ?? engine.clock.now()
  const subscriber = newSubscriber({ id: stored.id, tenant, key: stored.key, durable: true, keepFor: stored.keepFor, awaySince })
  for (const wanted of stored.subscriptions) {
    const subscription = { ...wanted, subscriber }
    subscriber.subscriptions.set(wanted.group === null ? wanted.filter : `$share/${wanted.group}/${wanted.filter}`, subscription)
    tenant.tree.add(subscription)
  }
  for (const id of stored.releasing) subscriber.releasing.add(id)
  for (const id of stored.receiving) subscriber.receiving.add(id)
  const { will = null } = stored
  subscriber.will = will === null ? null : { ...will, body: Buffer.from(will.body, 'base64') }
  tenant.subscribers.set(stored.key, subscriber)
  if (stored.keepFor !== null) engine.plan(subscriber, engine.clock.monotonic() + stored.keepFor - (engine.clock.now() - awaySince))
  return subscriber
}

function restoreMessage(engine: Engine, stored: StoredMessage): { message: Message; stored: StoredMessage } | null {
  const tenant = engine.tenants.get(stored.tenant)
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
    deadLetters: 0,
    retained: false,
    frame: null,
  }
  engine.keep(message)
  const before = tenant.retained.get(topic)
  if (retained && (before === undefined || before.seq < seq)) {
    if (before !== undefined) before.retained = false
    message.retained = true
    tenant.retained.set(topic, message)
  }
  return { message, stored }
}

function restoreDeliveries(engine: Engine, message: Message, stored: StoredMessage, subscribers: ReadonlyMap<number, Subscriber>): void {
  const { tenant } = message
  for (const [id, { reason, tries, at, subscriberKey }] of stored.dead ?? []) addLetter({ id, message, subscriberKey, reason, tries, at })
  for (const [subscriberId, { tries, qos, retainAsPublished, identifiers, shares, isOwn, packetId }] of stored.deliveries) {
    const subscriber = subscribers.get(subscriberId)
    if (subscriber === undefined) {
      // A connection without a name, which the end of the process ended: what it may not have got is kept.
      const letter: DeadLetter = {
        id: engine.nextDeadLetter++,
        message,
        subscriberKey: 'anonymous',
        reason: 'subscriber-gone',
        tries,
        at: engine.clock.now(),
      }
      addLetter(letter)
      engine.record(tenant)?.dead(letter, subscriberId)
      continue
    }
    const delivery = engine.addDelivery(message, { subscriber, qos, retainAsPublished, identifiers, shares, isOwn, noLocal: false })
    delivery.state = 'queued'
    delivery.tries = tries
    // One of quality 2 is not sent before its packet id is on the disk.
    delivery.maybeSent = packetId !== 0 || !needsLastingId(delivery)
    delivery.packetId = packetId
    delivery.isNumbered = packetId !== 0
    if (packetId !== 0) subscriber.packetIds.add(packetId)
    subscriber.queue.push(delivery)
  }
}

function addLetter(letter: DeadLetter): void {
  const { message } = letter
  message.deadLetters += 1
  message.tenant.deadTotal += 1
  message.tenant.deadLetters.set(letter.id, letter)
}

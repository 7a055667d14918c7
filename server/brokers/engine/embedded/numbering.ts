/**
 * How quality 2 stays exactly once over a crash: a receiver knows a message by its packet id until the handshake ends (MQTT 4.3.3), so the
 * id has to be on the disk before the message is on the wire, and belongs to this message alone until then, whatever becomes of it here.
 */
import type { Delivery, Message, Subscriber } from './model.ts'
import { isMqtt, isWritten } from './tenant.ts'

/** Ids that are given before a message is sent are fewer than there are, so that what is next in turn, of whatever quality, finds one. */
const numberedWith = 32_768
const aheadAtOnce = 1_000

/** Whether the receiver's memory of the packet id may outlive this process. */
export function needsLastingId({ qos, subscriber }: Delivery): boolean {
  return qos === 2 && subscriber.durable && isWritten(subscriber.tenant) && isMqtt(subscriber)
}

/**
 * The receiver may know it by its packet id: it can be neither taken back nor thrown away before the handshake has ended
 * (MQTT-4.3.3-7 for what expires, 2.2.1 for the rest).
 */
export function isBound({ qos, packetId, tries, maybeSent }: Delivery): boolean {
  return qos === 2 && packetId !== 0 && (tries > 0 || maybeSent)
}

/** Gives ids to those deliveries of a new message that are likely to be sent as soon as it is on the disk: both cost one sync then. */
export function numberWith(message: Message): void {
  if (message.qos !== 2) return
  for (const delivery of message.deliveries) {
    const { subscriber } = delivery
    if (!needsLastingId(delivery) || subscriber.clients.size === 0) continue
    if (subscriber.unacked.size <= subscriber.tenant.policy.maxInFlight && subscriber.packetIds.sent.size < numberedWith)
      delivery.packetId = subscriber.packetIds.take()
  }
}

/** Gives ids to what is to be sent next and has none. Returns those whose id is not on the disk. */
export function numberAhead(subscriber: Subscriber): Delivery[] {
  const lacking = subscriber.queue
    .ahead(aheadAtOnce)
    .filter((delivery) => delivery.state === 'queued' && needsLastingId(delivery) && !delivery.isNumbered)
  for (const delivery of lacking) if (delivery.packetId === 0) delivery.packetId = subscriber.packetIds.take()
  return lacking.filter(({ packetId }) => packetId !== 0)
}

/** SUBSCRIBE and SUBACK (3.8, 3.9), UNSUBSCRIBE and UNSUBACK (3.10, 3.11). */
import type { ISubscribePacket, IUnsubscribePacket } from 'mqtt-packet'
import type { Attachment } from '../../engine/broker-engine.ts'
import { parseFilter } from '../../engine/topics.ts'
import type { SubscribeOutcome, Subscription } from '../../engine/types.ts'
import type { MqttPeer } from './mqtt-peer.ts'
import { encode, isMqttFilter, reason } from './mqtt-packets.ts'

type Wanted = ISubscribePacket['subscriptions'][number]

export async function subscribe(
  peer: MqttPeer,
  { subscriptions, messageId = 0, properties }: ISubscribePacket,
  attachment: Attachment,
): Promise<void> {
  const identifier = properties?.subscriptionIdentifier ?? null
  // MQTT-3.8.3-4
  if (peer.version === 5 && subscriptions.some(({ topic, nl }) => nl === true && topic.startsWith('$share/')))
    return peer.fail(reason.protocolError)
  // A bridge over MQTT 3.1.1 cannot say it, and means it: nothing back to it, and the retain flag as it was.
  const asBridge = peer.isBridge && peer.version !== 5 ? { nl: true, rap: true } : {}
  const read = subscriptions.map((wanted) => subscriptionOf({ ...wanted, ...asBridge }, identifier))
  const { outcomes, isStored } = await attachment.subscribe(read.filter((each) => each !== null))
  // Gone meanwhile, perhaps for good: what it would be given now nobody would ever take.
  if (peer.connection.attachment !== attachment) return
  // MQTT 3.1 knows no SUBACK that says no: the client asks again on the next connection.
  if (!isStored && peer.version === 3) return peer.fail(reason.unspecified)
  const left = [...outcomes]
  const answered = read.map((subscription) => ({
    subscription,
    outcome: subscription === null ? ('invalid' as const) : (left.shift() ?? 'too-many'),
  }))
  const granted = answered.map(({ subscription, outcome }) => (isStored ? grantOf(peer, subscription, outcome) : reason.unspecified))
  peer.write(encode({ cmd: 'suback', messageId, granted }, peer.version))
  if (!isStored) return
  for (const [index, { rh = 0 }] of subscriptions.entries()) {
    const { subscription = null, outcome } = answered[index] ?? {}
    if (subscription === null || subscription.group !== null || outcome === 'too-many' || outcome === 'not-allowed') continue
    // Retain handling (3.8.3.1): 0 always, 1 where the subscription is new, 2 never.
    if (rh === 0 || (rh === 1 && outcome === 'new'))
      attachment.sendRetained(subscription.filter, subscription.qos, identifier === null ? [] : [identifier])
  }
}

export async function unsubscribe(
  peer: MqttPeer,
  { unsubscriptions, messageId = 0 }: IUnsubscribePacket,
  attachment: Attachment,
): Promise<void> {
  const { existed, isStored } = await attachment.unsubscribe(unsubscriptions)
  if (peer.connection.attachment !== attachment) return
  // MQTT 3 knows no UNSUBACK that says no: the client asks again on the next connection.
  if (!isStored && peer.version !== 5) return peer.fail(reason.unspecified)
  const granted = existed.map((was) => (!isStored ? reason.unspecified : was ? reason.success : reason.noSubscriptionExisted))
  peer.write(encode({ cmd: 'unsuback', messageId, granted }, peer.version))
}

/** Null for what is no filter. */
function subscriptionOf({ topic, qos, nl = false, rap = false }: Wanted, identifier: number | null): Subscription | null {
  const parsed = isMqttFilter(topic) || topic.startsWith('$share/') ? parseFilter(topic) : null
  if (parsed === null || !isMqttFilter(parsed.filter)) return null
  return { name: topic, ...parsed, qos, noLocal: nl && parsed.group === null, retainAsPublished: rap, identifier }
}

/** The quality that is granted, or the reason why none is: MQTT 3.1.1 has one word for all, and MQTT 3.1 none. */
function grantOf({ version }: MqttPeer, subscription: Subscription | null, outcome: SubscribeOutcome | 'invalid'): number {
  if (subscription !== null && outcome !== 'too-many' && outcome !== 'not-allowed') return subscription.qos
  if (version === 3) return 0
  if (version !== 5) return reason.unspecified
  return outcome === 'too-many' ? reason.quotaExceeded : outcome === 'not-allowed' ? reason.notAuthorized : reason.filterInvalid
}

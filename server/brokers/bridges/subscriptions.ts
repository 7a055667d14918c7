/** What the other broker is subscribed to for us: it keeps that while we are away, so only what changed is said. */
import type { Quality } from '../engine/types.ts'
import type { Line } from './line.ts'
import { refusalWords } from './problems.ts'

/** Filters, with the quality granted. */
export type Held = Readonly<Record<string, number>>

export interface Subscribed {
  held: Held
  refused: { filter: string; text: string }[]
}

/** Clouds take few in one packet. */
const perPacket = 8

export interface Asking {
  line: Line
  /** What it was subscribed to before. */
  held: Held
  wanted: ReadonlyMap<string, Quality>
  newPacketId(): number
  /** Written down before it is asked for, so that a broker which cuts who unsubscribes is asked once. */
  forget(held: Held): void
}

export async function agree({ line, held: before, wanted, newPacketId, forget }: Asking): Promise<Subscribed> {
  const held: Record<string, number> = line.agreement.sessionPresent ? { ...before } : {}
  const old = Object.keys(held).filter((filter) => !wanted.has(filter))
  const lacking = [...wanted].filter(([filter, quality]) => held[filter] !== quality)
  for (const filter of old) delete held[filter]
  forget(held)
  for (const unsubscriptions of portions(old)) await line.ask({ cmd: 'unsubscribe', unsubscriptions }, newPacketId())
  const refused: Subscribed['refused'] = []
  for (const portion of portions(lacking)) {
    // Not our own messages, with their retain flag, and retained ones only where the subscription is new (MQTT 5, 3.8.3.1).
    const how = line.version === 5 ? { nl: true, rap: true, rh: 1 as const } : {}
    const subscriptions = portion.map(([topic, qos]) => ({ topic, qos, ...how }))
    const { codes, words } = await line.ask({ cmd: 'subscribe', subscriptions }, newPacketId())
    for (const [index, [filter, quality]] of portion.entries()) {
      const code = codes[index] ?? 0x80
      // Less than was asked for is all there is: it is not asked again each time.
      if (code < 0x80) held[filter] = quality
      else refused.push({ filter, text: refusalWords(code, words) })
    }
  }
  return { held, refused }
}

function* portions<Item>(items: readonly Item[]): Generator<Item[]> {
  for (let at = 0; at < items.length; at += perPacket) yield items.slice(at, at + perPacket)
}

/** What one connection of a bridge works with, and what is counted of all of them. */
import type { Attachment } from '../engine/broker-engine.ts'
import type { Echoes } from './echoes.ts'
import type { Line } from './line.ts'
import type { Mapping } from './mapping.ts'
import type { LineProblem } from './problems.ts'

/** Messages since the brokers were started. */
export interface BridgeCounts {
  sent: number
  received: number
  skipped: number
  turnedDown: number
}

export interface Passage {
  readonly line: Line
  /** The bridge's place in its session. */
  readonly attachment: Attachment
  readonly mapping: Mapping
  readonly counts: BridgeCounts
  /** For MQTT 3.1.1 alone. */
  readonly echoes: Echoes | null
  /** Under which name the bridge publishes here. */
  readonly publisher: string
  newMessageId(): string
  /** Monotonic ms. */
  now(): number
  /** Something was turned down for good. */
  told(text: string): void
  /** Ends the connection; what was under way comes again on the next one. */
  fail(problem: LineProblem): void
  /** A promise that nobody waits for. */
  inBackground(work: Promise<unknown>): void
}

/** What answers a packet of quality 2 has to be on the disk first: after a crash each side must know what the other was told. */
export function whenStored({ attachment, inBackground }: Passage, act: () => void, refused: () => void): void {
  if (!attachment.isKept) return act()
  inBackground(attachment.stored().then((isStored) => (isStored ? act() : refused())))
}

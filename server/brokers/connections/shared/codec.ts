/** What a protocol and the connection it is spoken on have to do with each other. */
import type { Access } from '../../access/access.ts'
import type { Credentials, EntranceRefusal, SessionFacts } from '../../clients.ts'
import type { Attachment } from '../../engine/broker-engine.ts'
import type { AttachOptions, Delivery, EndReason, HowDelivered, Message, Protocol, Receipt } from '../../engine/types.ts'

/** What a protocol adds to a connection. What it throws ends that connection alone. */
export interface Codec {
  readonly protocol: Protocol
  /** Ms of silence after which the line is asked for a sign of life; null where the client gives them by itself. */
  readonly pingEvery: number | null
  /** It was sent something that it has not acknowledged. */
  readonly isOwed: boolean
  onBytes(bytes: Buffer, isBinary: boolean): void
  /** Beyond what the line has room for. */
  hasRoom(): boolean
  send(delivery: Delivery): boolean
  sendOnce(message: Message, how: HowDelivered, retained: boolean): void
  log(text: string, at: number): void
  relay(frame: Buffer): boolean
  accepted(receipt: Receipt): void
  /** Every second, while it is connected. */
  onTick(): void
  /** The connection is about to be closed for that reason. */
  sayGoodbye(reason: EndReason): void
  /** A fault of ours that ends the connection. */
  onFault(): void
  /** It has its place in a session, and was told so. */
  onAttached(attachment: Attachment): void
  /** It has it no longer. */
  onDetached(): void
}

export interface Login extends Credentials {
  /** Under which name, and how, it enters the session it may enter. */
  enter(session: SessionFacts): { name: string; options: AttachOptions }
  onAccepted(attachment: Attachment, session: SessionFacts): void
  onRefused(refusal: EntranceRefusal): void
}

/** A session that a client is in, and what it may do there. */
export interface Place {
  readonly attachment: Attachment
  readonly session: SessionFacts
  /** The rules of a named client; null for who has the session's own password. */
  readonly access: Access | null
}

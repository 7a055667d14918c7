/** A bot's link as an engine keeps it. Kinds and ids are the engine's; the room only keeps the rows. */
import type { Message } from './message.ts'

export interface LinkRows {
  get(kind: string, ids: readonly string[]): Map<string, Buffer>
  /**
   * All in one transaction, with the messages that these keys have read; a null removes the row. `durable`: these rows are
   * what the link is, and a power cut must not take them back. A key of one conversation is agreed on anew.
   */
  put(rows: readonly LinkRow[], also?: { arrivals?: readonly Arrival[]; durable?: boolean }): void
  /** What an arrival of this digest brought when it came before: null when it has not, empty when it is through. */
  recall(digest: string): Buffer | null
}

export interface LinkRow {
  kind: string
  id: string
  value: Buffer | null
}

/** What a decryption brought, kept before the receipt for it goes out. */
export interface Arrival {
  /** Names the ciphertext: the same one is the same message. */
  digest: string
  /** Null for what is no message to anybody, like the key of a group. */
  message: Message | null
  /** As it was decrypted. */
  plain: Uint8Array
}

/** A link that another program made. */
export interface ForeignLink {
  rows: (LinkRow & { value: Buffer })[]
  /** Digits, as the server knows the account. */
  phoneNumber: string
  name: string | null
  /** How many entries were no part of a link; a program keeps other things beside it. */
  ignored: number
}

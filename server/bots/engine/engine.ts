/** What the room needs of a WhatsApp library, and no more. The one behind it is in `baileys/`. */

import type { Fault } from '../../fault.ts'

/** The rows of a bot's link: kinds and ids are the library's, the room only keeps them. */
export interface AuthRows {
  get(kind: string, ids: readonly string[]): Map<string, Buffer>
  /** All in one transaction, with the messages that these keys have read; a null removes the row. */
  put(rows: readonly AuthRow[], arrivals?: readonly Arrival[]): void
  /** What an arrival of this digest brought when it came before: null when it has not, empty when it is through. */
  recall(digest: string): Buffer | null
  count(): number
}

export interface AuthRow {
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

export interface EngineEvents {
  /** The text of the QR code to show now. The first one says that a code may be asked for. */
  qr(text: string): void
  /** The phone has accepted; the credentials are kept. A close with 515 follows. */
  linked(): void
  open(me: Me): void
  /** Once, last. `code` is the library's close code, 0 when we ended it. */
  closed(code: number, words: string): void
  /** The account asks for a passkey before it links a device: WebAuthn options as JSON, for `answerPasskey`. */
  passkeyDemanded(options: string): void
  /** The phone has taken the passkey; both sides can show this code now. */
  passkeyCode(code: string, mustConfirm: boolean): void
  /** The ceremony cannot go on; words for a person. */
  passkeyFailed(reason: string): void
  name(name: string): void
  /** A message that was kept under its digest. */
  arrived(digest: string, message: Message): void
  /** One that was not: unreadable, or not sealed for this device. */
  message(message: Message): void
  /** How far a message of ours has come. */
  progress(messageId: string, progress: Progress): void
  /** One that was sent over an earlier connection did not get through; as `send` throws it. */
  refused(messageId: string, refusal: Fault): void
  /** What we sent under this id, as the library encoded it: for a device that could not read it. */
  sent(messageId: string): Uint8Array | null
}

/** `sent`: the server has it. */
export type Progress = 'sent' | 'delivered' | 'read'

/** A message as it came in, or one of the account's own from another device. Chats and people by their WhatsApp ids. */
export interface Message {
  id: string
  chat: string
  author: string
  /** The name the author gives themselves. */
  authorName: string | null
  fromMe: boolean
  at: number
  /** `text`, `image`, `video`, `audio`, `document`, `sticker`, `location`, `contact`, `reaction`, `other`, or `unreadable`. */
  kind: string
  text: string
  /** What it answers, as the answer carries it. */
  quoted: Quoted | null
  /** The id of the message that it is a reaction to. */
  reactsTo: string | null
}

export interface Quoted {
  id: string
  author: string
  kind: string
  text: string
}

export type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'video'; data: Buffer; caption: string; mimetype: string }
  | { type: 'audio'; data: Buffer; mimetype: string; voice: boolean }
  | { type: 'document'; data: Buffer; mimetype: string; fileName: string; caption: string }
  | { type: 'location'; latitude: number; longitude: number; name: string }
  | { type: 'contact'; name: string; phoneNumber: string }
  | { type: 'reaction'; emoji: string; to: MessageKey }

export interface MessageKey {
  id: string
  fromMe: boolean
  /** Who wrote it, in a group. */
  author?: string | undefined
}

export interface GroupView {
  id: string
  subject: string
  members: number
}

export interface Me {
  /** Digits, as the server knows the account. */
  number: string
  name: string | null
}

export interface Written {
  /** The message as the library has encoded it, for a device that cannot read it. */
  encoded: Uint8Array
  /** Resolves when WhatsApp has it. */
  confirmed: Promise<void>
}

export interface Connection {
  /** Asks for a pairing code. Throws `pairing-refused` with what the server said. */
  requestCode(number: string): Promise<string>
  /** The person's answer in a browser, as JSON. Throws `passkey-failed`. */
  answerPasskey(assertion: string): Promise<void>
  /** The person has seen the same code on the phone. Throws `passkey-failed`. */
  confirmPasskey(): Promise<void>
  /** Removes this device from the account; true when the server has confirmed it. */
  unlink(within: number): Promise<boolean>
  /**
   * Resolves once it is written; how it fares after WhatsApp has it comes as `progress`. Throws, here or by `confirmed`: `message-refused` with the
   * reason, `message-held` when it is to be sent again later, `message-unanswered`, and `connection-lost` with which the message has nothing to do.
   */
  send(chat: string, content: Content, options: { id: string; replyTo: (MessageKey & { text: string }) | null }): Promise<Written>
  /** Whether the number has an account. */
  isKnown(number: string): Promise<boolean>
  groups(): Promise<GroupView[]>
  /** Shows in the chat that something is being written, or that it is not any more. */
  typing(chat: string, on: boolean): Promise<void>
  presence(available: boolean): Promise<void>
  markRead(chat: string, keys: readonly MessageKey[]): Promise<void>
  /** Hands over what was heard and not told yet, then ends the socket. No event comes after it. */
  end(): Promise<void>
}

export interface ConnectOptions {
  proxy: string | null
  /** Leaves a person so much time, in ms, when the account asks for a passkey; null when none is answered here. */
  passkeyPatience: number | null
}

export interface Engine {
  /** Opens a connection with the link in `auth`, or an unlinked one when there is none. */
  connect(auth: AuthRows, events: EngineEvents, options: ConnectOptions): Promise<Connection>
  /** True when the rows hold a finished link. */
  isLinked(auth: AuthRows): boolean
  /** Ms that a pairing code lives from the first QR on. */
  readonly pairingLife: number
  /** Ms that the first, and each further QR is shown. */
  readonly qrLife: readonly [number, number]
}

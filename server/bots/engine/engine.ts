/**
 * What the room needs of a WhatsApp library, and no more: whatever one names, numbers or throws is translated behind this. The one in use
 * is in `baileys/`.
 */
import type { Fault } from '../../fault.ts'
import type { CallCalls } from './calls.ts'
import type { ChatCalls } from './chats.ts'
import type { HistoryBounds, HistoryCalls } from './history.ts'
import type { ContactCalls, ProfileCalls } from './contacts.ts'
import type { ChannelCalls } from './channels.ts'
import type { GroupCalls } from './groups.ts'
import type { BotCause } from '../contract/native/causes.ts'
import type { Happening } from './happenings.ts'
import type { ForeignLink, LinkRows } from './link.ts'
import type { Message, MessageKey, Progress } from './message.ts'
import type { Answered, Content } from './outgoing.ts'
import type { StatusCalls } from './status.ts'
import type { PresenceCalls } from './presence.ts'
import type { MediaCalls } from './media.ts'
import type { Trail } from '../trail/trail.ts'
import type { KnownPeople } from './people.ts'

export interface Engine {
  /** Opens a connection with the link in `rows`, or an unlinked one when there is none. */
  connect(rows: LinkRows, events: EngineEvents, options: ConnectOptions): Promise<Connection>
  /** True when the rows hold a finished link. Throws what the rows throw. */
  isLinked(rows: LinkRows): boolean
  /** The link in files of another program that uses the same library, by their names. Throws `link-unreadable`. */
  readForeign(files: Readonly<Record<string, string>>): Promise<ForeignLink>
  /** An id for a message of ours: it has one before there is a connection. */
  newMessageId(): string
  /** The version of WhatsApp's program that is spoken while none is set. */
  ownVersion(): Promise<string>
  /** Ms that a pairing code lives from the first QR on. */
  readonly pairingLife: number
  /** Ms that the first, and each further QR is shown. */
  readonly qrLife: readonly [number, number]
}

export interface ConnectOptions {
  /** What is wanted of the messages from before; null for none. Asked anew when some come. */
  history(): HistoryBounds | null
  proxy: string | null
  /** Leaves a person so much time, in ms, when the account asks for a passkey; null when none is answered here. */
  passkeyPatience: number | null
  people: KnownPeople
  /** Hears the shape of what comes. */
  trail: Pick<Trail, 'note'>
}

/** What a connection tells. None comes after `closed`, or after `end` was called. */
export interface EngineEvents {
  /** The text of the QR code to show now. The first one says that a code may be asked for; one is redrawn in the place of one retired. */
  qr(text: string, how?: { redrawn: boolean }): void
  /** WhatsApp takes the code no more that was shown; another is to be asked for. */
  codeRetired(): void
  /** Somebody has typed a code on the phone that is not the one that is shown. */
  codeRefused(): void
  /** The phone has accepted; the credentials are kept. A close with `restart` follows. */
  linked(): void
  open(me: Me): void
  /** Once, last. */
  closed(close: Close): void
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
  /** Anything else than a message. */
  happened(happening: Happening): void
  /** What we sent under this id, as the engine encoded it: for a device that could not read it. */
  sent(messageId: string): Uint8Array | null
}

export interface Me {
  /** Digits, as the server knows the account. */
  number: string
  name: string | null
}

/** Why a connection is over. */
export interface Close {
  /**
   * - `restart`: WhatsApp asks to connect again at once. `lost`, `timed-out`: it may be tried again later.
   * - `logged-out`, `blocked`, `replaced`, `refused`: trying again would harm the account or cannot help.
   */
  kind: 'restart' | 'lost' | 'timed-out' | 'logged-out' | 'blocked' | 'replaced' | 'refused'
  /** The same in words for a person, and for programs. */
  reason: string
  cause: BotCause
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
   * Resolves once it is written; how it fares after WhatsApp has it comes as `progress`. Throws, here or by `confirmed`: `message-refused`
   * with the reason, `message-held` when it is to be sent again later, `message-unanswered`, and `connection-lost` with which the message
   * has nothing to do.
   */
  send(chat: string, content: Content, options: SendOptions): Promise<Written>
  /** The account that WhatsApp names for the number; null where there is none. Throws `lookup-refused` and what `send` throws. */
  lookUp(number: string): Promise<Account | null>
  readonly groups: GroupCalls
  isAdmin(group: string, person: string): Promise<boolean>
  readonly channels: ChannelCalls
  readonly status: StatusCalls
  readonly presence: PresenceCalls
  readonly contacts: ContactCalls
  readonly calls: CallCalls
  readonly chats: ChatCalls
  readonly history: HistoryCalls
  readonly profile: ProfileCalls
  markRead(chat: string, keys: readonly MessageKey[]): Promise<void>
  media: MediaCalls
  /** Hands over what was heard and not told yet, then ends the socket. No event comes after it. */
  end(): Promise<void>
}

export interface Account {
  /** Digits; not always those that were asked for. */
  number: string
  /** `…@lid`; null where WhatsApp does not say. */
  hiddenId: string | null
}

export interface SendOptions {
  id: string
  replyTo: Answered | null
  /** Seconds after which it vanishes; 0 when it stays. */
  timer: number
  /** Of a status: who is to see it. */
  audience?: readonly string[]
}

export interface Written {
  /** The message as the engine has encoded it, for a device that cannot read it. */
  encoded: Uint8Array
  /** Resolves when WhatsApp has it. */
  confirmed: Promise<void>
}

/** Why a bot is in its state. */
import { z } from 'zod'

/** Why it is in its state, for programs; the reason beside it says the same for people. */
export const botCause = z.enum([
  /** Taken off Linked devices on the phone. */
  'unlinked',
  /** Another program uses the link. */
  'replaced',
  /** The account is banned for a time, the reason says until when; for good; or is gone. */
  'banned-for-a-while',
  'banned',
  'account-refused',
  /** WhatsApp does not take the version of its program that is spoken here. */
  'version-refused',
  'no-linked-devices',
  /** Of linking: nobody typed the code in time; WhatsApp gives no more codes, or none at all; it wants a passkey. */
  'code-expired',
  'codes-refused',
  'no-code',
  'passkey',
  /** The number is linked here already, as another bot. */
  'number-linked',
  /** The library fails over what it is sent; it cannot be started; the disk takes nothing. */
  'fault',
  'start-failed',
  'disk-refused',
  /** Sealed under a key that is not here; such a link was given up. */
  'locked',
  'given-up',
  /** The connection is gone; WhatsApp asks to connect again and again. */
  'lost',
  'timed-out',
  'restarts',
  /** A person has stopped it. */
  'stopped',
])
export type BotCause = z.output<typeof botCause>

/** What was sealed under a key that is not here: said in words, and in nobody's way. */
import type { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'
import type { Sealer } from '../../secrets/sealer.ts'

export const lockedWords =
  'Its link to WhatsApp is locked: it was sealed under a key that this Wheelhouse does not have. Put the key back and start again, or give the link up and pair the bot again.'

export function locked(cause: unknown): Fault {
  return new BotFault('bot-locked', lockedWords, {}, { cause })
}

/** For what is only shown: null when it cannot be opened. */
export function openOrNull(sealer: Sealer, sealed: Uint8Array, place: string): string | null {
  try {
    return sealer.open(sealed, place).toString()
  } catch {
    return null
  }
}

/** What WhatsApp holds an account back from while it is let in: beginning chats with people whom it has not written with. */
import { iso } from '../../clock.ts'

/** `new-chats`: it may begin none. `new-chats-used-up`: it has begun as many as it may. */
export type RestrictionKind = 'new-chats' | 'new-chats-used-up'

export interface Restriction {
  kind: RestrictionKind
  /** Ms; null where WhatsApp does not say. */
  until: number | null
  /** WhatsApp's own word for why; null where it has none. */
  why: string | null
}

/** `restriction` is null when that kind of it does not hold any more. */
export interface RestrictionHappening {
  type: 'restriction'
  kind: RestrictionKind
  restriction: Restriction | null
}

export function restrictionWords({ kind, until, why }: Restriction): string {
  const what =
    kind === 'new-chats'
      ? 'WhatsApp does not let this account begin new chats at the moment (463)'
      : 'This account has begun as many new chats as WhatsApp lets it for now'
  const end = until === null ? '; it does not say until when' : ` until ${iso(until).slice(0, 16).replace('T', ' ')} UTC`
  return `${what}${why === null ? '' : `, for ${why}`}${end}. Whoever has written with it before can be answered`
}

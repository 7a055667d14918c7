/**
 * Who is who: WhatsApp names one person by a number, by a hidden id, or by both, and some numbers are written in two ways. The room knows
 * a person by one of these ids, which is the number where there is one; whatever an engine hears is turned into that.
 */

/** Two ids of one person. `id` is the one to be known by: the number of the account. */
export interface Pair {
  other: string
  id: string
}

/** What is known of one bot's people. All of it at once, without waiting. */
export interface KnownPeople {
  /** The id by which the room knows whoever is named; groups and people of whom nothing else is known keep theirs. */
  idOf(id: string): string
  /** The hidden id (`@lid`) of a person; null while it is unknown. */
  hiddenIdOf(id: string): string | null
  /** The id under which WhatsApp speaks of the chat: receipts and typing go there. */
  addressOf(chat: string): string
  learn(pairs: readonly Pair[]): void
  /** A message of the chat came under this id. */
  heard(chat: string, address: string): void
}

/** The pair of two ids in either order; null when they are not a number and a hidden id. */
export function pairOf(one: string | null | undefined, two: string | null | undefined): Pair | null {
  const [first, second] = [bare(one ?? ''), bare(two ?? '')]
  if (isHidden(first) && isNumber(second)) return { other: first, id: second }
  return isHidden(second) && isNumber(first) ? { other: second, id: first } : null
}

/** Without the device. */
export function bare(id: string): string {
  return id.replace(/:\d+(?=@)/, '')
}

const isHidden = (id: string): boolean => /^\d+@lid$/.test(id)
const isNumber = (id: string): boolean => /^\d+@s\.whatsapp\.net$/.test(id)

/** Which bots WhatsApp holds back from beginning new chats, and until when. */
import type { Clock } from '../../clock.ts'
import type { Bot } from '../bot/bot.ts'
import type { Happening } from '../engine/happenings.ts'
import type { Restriction, RestrictionKind } from '../engine/restriction.ts'

export interface RestrictionsParts {
  clock: Clock
  /** Another one holds than before, or none. */
  onChange(bot: Bot, restriction: Restriction | null): void
}

interface Held {
  restriction: Restriction
  /** When it was heard of first. */
  since: number
  /** When it is over, if nothing else is heard. */
  ends: number
}

/** Ms after which it is tried whether one is over that has no end. */
const tryAfter = 3_600_000
/** A timer cannot wait longer; what lasts longer is looked at again. */
const longestTimer = 2_000_000_000

export class Restrictions {
  readonly #parts: RestrictionsParts
  readonly #held = new Map<string, Map<RestrictionKind, Held>>()
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(parts: RestrictionsParts) {
    this.#parts = parts
  }

  /** The one that holds longest; null when none does. */
  of(userId: string): Restriction | null {
    return this.#longest(userId)?.restriction ?? null
  }

  /** The same with when it was heard of. */
  since(userId: string): { restriction: Restriction; since: number } | null {
    return this.#longest(userId)
  }

  /** Until when nobody is to be written to who has not written with the bot before; null when anybody may be. */
  until(userId: string): number | null {
    return this.#longest(userId)?.ends ?? null
  }

  onHappening(bot: Bot, happening: Happening): void {
    if (happening.type !== 'restriction') return
    const { userId } = bot.row
    const before = this.of(userId)
    const now = this.#parts.clock.now()
    const { kind, restriction } = happening
    const kinds = this.#held.get(userId) ?? new Map<RestrictionKind, Held>()
    if (restriction === null) kinds.delete(kind)
    else kinds.set(kind, { restriction, since: kinds.get(kind)?.since ?? now, ends: restriction.until ?? now + tryAfter })
    this.#held.set(userId, kinds)
    this.#tell(bot, before)
  }

  forget(userId: string): void {
    clearTimeout(this.#timers.get(userId))
    this.#timers.delete(userId)
    this.#held.delete(userId)
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #longest(userId: string): Held | null {
    const now = this.#parts.clock.now()
    const holding = [...(this.#held.get(userId)?.values() ?? [])].filter(({ ends }) => ends > now)
    return holding.toSorted((one, other) => other.ends - one.ends)[0] ?? null
  }

  #tell(bot: Bot, before: Restriction | null): void {
    const { userId } = bot.row
    const { clock, onChange } = this.#parts
    const held = this.#longest(userId)
    const now = held?.restriction ?? null
    clearTimeout(this.#timers.get(userId))
    if (held !== null) {
      const timer = setTimeout(() => this.#tell(bot, now), Math.min(longestTimer, held.ends - clock.now())).unref()
      this.#timers.set(userId, timer)
    }
    if (before?.kind !== now?.kind || before?.until !== now?.until || before?.why !== now?.why) onChange(bot, now)
  }
}

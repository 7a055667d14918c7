/** How fast a bot may change groups: WhatsApp bans accounts for joining and adding, long before anybody complains. */
import type { Clock } from '../../clock.ts'
import { BotFault } from '../fault.ts'
import type { BotSettings } from '../store.ts'
import type { Step, StepStore, TakenStep } from './step-store.ts'

export interface GroupPaceParts {
  clock: Clock
  store: StepStore
  /** Of a bot, in any 24 hours. */
  limits(userId: string): { joins: number; adds: number }
}

/** Of a bot for which nothing else is set. */
export const groupLimits = ({ groupJoinsPerDay, groupAddsPerDay }: Pick<BotSettings, 'groupJoinsPerDay' | 'groupAddsPerDay'>) => ({
  joins: groupJoinsPerDay ?? 20,
  adds: groupAddsPerDay ?? 200,
})

const hour = 3_600_000
const changesPerHour = 60
/** Of a day's, in any hour. */
const partOfDay = 4

interface Bound {
  within: number
  most: number
}

export class GroupPace {
  readonly #parts: GroupPaceParts

  constructor(parts: GroupPaceParts) {
    this.#parts = parts
  }

  /** Counts all of them, or none. Throws `group-pace` (`retryAfter`, s). */
  take(userId: string, wanted: Partial<Record<Step, number>>): void {
    const now = this.#parts.clock.now()
    const taken = this.#parts.store.since(userId, now - 24 * hour)
    const steps = Object.entries(wanted) as [Step, number][] // under the names of steps
    for (const [step, amount] of steps) {
      for (const { within, most } of this.#bounds(userId, step)) {
        if (amount > most) throw tooMany(step, most, within)
        const before = taken.filter((each) => each.step === step && each.at > now - within)
        const free = freeAt(before, amount, { within, most })
        if (free > now) throw tooSoon(step, { within, most }, free - now)
      }
    }
    const counted = steps.map(([step, amount]) => ({ at: now, step, amount }))
    this.#parts.store.add(userId, counted, now - 24 * hour)
  }

  #bounds(userId: string, step: Step): Bound[] {
    if (step === 'change') return [{ within: hour, most: changesPerHour }]
    const { joins, adds } = this.#parts.limits(userId)
    const day = step === 'join' ? joins : adds
    return [
      { within: hour, most: Math.ceil(day / partOfDay) },
      { within: 24 * hour, most: day },
    ]
  }
}

/** When so many more are within the bound; 0 for now. */
function freeAt(before: readonly TakenStep[], amount: number, { within, most }: Bound): number {
  let sum = before.reduce((total, each) => total + each.amount, 0) + amount
  let free = 0
  for (const each of before) {
    if (sum <= most) break
    sum -= each.amount
    free = each.at + within
  }
  return free
}

const words: Record<Step, string> = { join: 'joins and new groups', add: 'added people', change: 'changes of groups' }
const span = (ms: number): string => (ms === hour ? 'an hour' : '24 hours')

function tooSoon(step: Step, { within, most }: Bound, wait: number): BotFault {
  const retryAfter = Math.ceil(wait / 1_000)
  const message = `This session has had its ${most} ${words[step]} within ${span(within)}; the next may come in ${retryAfter} s`
  return new BotFault('group-pace', message, { retryAfter })
}

function tooMany(step: Step, most: number, within: number): BotFault {
  return new BotFault('group-pace', `No more than ${most} ${words[step]} within ${span(within)} for this session; send them in parts`)
}

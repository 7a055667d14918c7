/** How a bot fared, slot by slot, from the states it was in. */
import type { ActivityView, BotState } from '../../../server/bots/contract/index.ts'

/** `none`: before the bot was made. */
export type RibbonSlot = 'good' | 'attention' | 'bad' | 'off' | 'none'

const slotOf: Readonly<Record<BotState, RibbonSlot>> = {
  online: 'good',
  starting: 'attention',
  pairing: 'off',
  reconnecting: 'attention',
  stopped: 'off',
  logged_out: 'bad',
  blocked: 'bad',
  replaced: 'bad',
  failed: 'bad',
}
const weight: Readonly<Record<RibbonSlot, number>> = { none: 0, off: 1, good: 2, attention: 3, bad: 4 }

/** Every bot passes through `starting`; less than this in it colours nothing. */
const notable = 30_000

/** The worst that a slot has seen; `count` slots over the time that the activity covers. */
export function slotsOf({ from, to, states }: Pick<ActivityView, 'from' | 'to' | 'states'>, count: number): RibbonSlot[] {
  const [first, last] = [Date.parse(from), Date.parse(to)]
  const length = (last - first) / count
  const slots = Array.from({ length: count }, (): RibbonSlot => 'none')
  for (const stay of states) {
    const [begin, end] = [Date.parse(stay.from), Date.parse(stay.to)]
    const colour = slotOf[stay.state]
    if (end <= first || (colour === 'attention' && end - begin < notable)) continue
    const until = Math.min(count - 1, Math.floor((end - 1 - first) / length))
    for (let slot = Math.max(0, Math.floor((begin - first) / length)); slot <= until; slot += 1) {
      if (weight[colour] > weight[slots[slot] ?? 'none']) slots[slot] = colour
    }
  }
  return slots
}

/** `93.1 % online`. */
export function onlineText({ online }: Pick<ActivityView, 'online'>): string {
  return `${Math.round(online * 1_000) / 10} % online`
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

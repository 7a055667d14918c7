/** How a bot reads: its state, its name, its number. */
import type { BotState, BotView } from '../../../server/bots/contract/index.ts'
import type { StatePresentation } from '../../presentation/tone.ts'
import { words } from '../../presentation/words.ts'

const presentations: Readonly<Record<BotState, StatePresentation>> = {
  stopped: { tone: 'off', shape: 'hollow', label: words.states.bots.stopped },
  starting: { tone: 'busy', shape: 'halo', label: words.states.bots.starting },
  pairing: { tone: 'busy', shape: 'halo', label: words.states.bots.pairing },
  online: { tone: 'good', shape: 'filled', label: words.states.bots.online },
  reconnecting: { tone: 'attention', shape: 'halo', label: words.states.bots.reconnecting },
  logged_out: { tone: 'bad', shape: 'filled', label: words.states.bots.logged_out },
  blocked: { tone: 'bad', shape: 'filled', label: words.states.bots.blocked },
  replaced: { tone: 'bad', shape: 'filled', label: words.states.bots.replaced },
  failed: { tone: 'attention', shape: 'filled', label: words.states.bots.failed },
}

export const botPresentation = (state: BotState): StatePresentation => presentations[state]

/** What waits for a person. */
export function needsYou({ state }: Pick<BotView, 'state'>): boolean {
  return ['logged_out', 'blocked', 'replaced', 'failed'].includes(state)
}

export function botName({ label, name, userId }: Pick<BotView, 'label' | 'name' | 'userId'>): string {
  return label || name || userId
}

/** Country codes of one and two digits; all others have three. */
const shortCodes = /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/

/** Country code, then digits in groups from the right, so that a person can compare them. */
export function readableNumber(number: string): string {
  const code = shortCodes.exec(number)?.[0] ?? number.slice(0, 3)
  const rest = number.slice(code.length)
  const groups = [rest.slice(0, -7), rest.slice(-7, -4), rest.slice(-4)].filter((group) => group !== '')
  return `+${[code, ...groups].join(' ')}`
}

/** The one button that fits the state best. */
export function nextStep({ state, linkedAt }: Pick<BotView, 'state' | 'linkedAt'>): { label: string; action: 'start' | 'stop' | 'pair' } {
  if (state === 'logged_out') return { label: 'Pair again', action: 'pair' }
  if (state === 'online' || state === 'starting') return { label: 'Stop', action: 'stop' }
  if (state === 'reconnecting') return { label: 'Retry now', action: 'start' }
  if (state === 'replaced') return { label: 'Take back', action: 'start' }
  if (state === 'pairing' || linkedAt === null) return { label: state === 'pairing' ? 'Show code' : 'Pair', action: 'pair' }
  return { label: state === 'stopped' ? 'Start' : 'Try again', action: 'start' }
}

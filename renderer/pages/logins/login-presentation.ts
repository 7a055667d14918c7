/** How a login's state reads, and the words for why it is over. */
import type { LoginView } from '../../../server/logins/contract/index.ts'
import type { StatePresentation } from '../../presentation/tone.ts'
import { words } from '../../presentation/words.ts'

const states = words.states.logins
/** A server of another version may have other reasons. */
const reasons: Readonly<Record<string, string>> = states

export function loginPresentation({ state, reason }: Pick<LoginView, 'state' | 'reason'>): StatePresentation {
  if (state === 'active') return { tone: 'good', shape: 'filled', label: states.active }
  if (state === 'expiring') return { tone: 'attention', shape: 'filled', label: states.expiring }
  const label = reasons[reason ?? 'over'] ?? states.over
  const alarming = reason === 'revoked' || reason === 'reused'
  return { tone: alarming ? 'bad' : 'off', shape: 'hollow', label }
}

export const isLive = ({ state }: Pick<LoginView, 'state'>): boolean => state === 'active' || state === 'expiring'

/** The client as best known: what the gateway says of it, else who called. */
export const addressOf = ({ reportedAddress, address }: Pick<LoginView, 'reportedAddress' | 'address'>): string =>
  reportedAddress ?? address
export const deviceOf = ({ reportedDevice, device }: Pick<LoginView, 'reportedDevice' | 'device'>): string => reportedDevice ?? device

/** `Firefox on Linux` from a user agent; its beginning where it is none of the known ones. */
export function deviceName(agent: string): string {
  if (agent === '') return 'Unknown'
  const browser = [
    ['Edg/', 'Edge'],
    ['OPR/', 'Opera'],
    ['Firefox/', 'Firefox'],
    ['Chrome/', 'Chrome'],
    ['Safari/', 'Safari'],
  ].find(([sign = '']) => agent.includes(sign))?.[1]
  const system = [
    ['iPhone', 'iPhone'],
    ['iPad', 'iPad'],
    ['Android', 'Android'],
    ['Windows', 'Windows'],
    ['Mac OS X', 'macOS'],
    ['Linux', 'Linux'],
  ].find(([sign = '']) => agent.includes(sign))?.[1]
  if (browser !== undefined && system !== undefined) return `${browser} on ${system}`
  return agent.split(/[ /(]/, 1)[0] ?? agent
}

/** `30 min`, `7 d`: a limit in ms. */
export function lifeText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s`
  if (minutes < 120) return `${minutes} min`
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h`
  return `${Math.round(minutes / 1_440)} d`
}

export const storageText = {
  memory: 'Stored in memory, forgotten when the server stops',
  database: 'Stored in the database',
  redis: 'Stored in Redis',
} as const

export const whenFullText: Readonly<Record<string, string>> = {
  'evict-oldest': 'the oldest goes first',
  'evict-least-recently-used': 'the least recently used goes first',
  deny: 'one more is denied',
}

/** Comma-separated words of a form. */
export const listOf = (text: string): string[] => [...new Set(text.split(/[,\s]+/).filter((word) => word !== ''))]

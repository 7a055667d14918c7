/** How a session's state reads: green serves, blue works, amber wants you, red is broken. */
import type { BrowserSession, SessionState } from '../../../server/browsers/contract/index.ts'
import type { StatePresentation } from '../../presentation/tone.ts'

const presentations: Readonly<Record<SessionState, StatePresentation>> = {
  starting: { tone: 'busy', shape: 'halo', label: 'Starting' },
  'signing-in': { tone: 'busy', shape: 'halo', label: 'Signing in' },
  ready: { tone: 'good', shape: 'filled', label: 'Ready' },
  'in-use': { tone: 'busy', shape: 'filled', label: 'In use' },
  'taken-over': { tone: 'busy', shape: 'halo', label: 'Taken over' },
  'needs-you': { tone: 'attention', shape: 'halo', label: 'Needs you' },
  'not-responding': { tone: 'bad', shape: 'filled', label: 'Not responding' },
  closing: { tone: 'off', shape: 'halo', label: 'Closing' },
  closed: { tone: 'off', shape: 'hollow', label: 'Closed' },
}

export const sessionPresentation = (state: SessionState): StatePresentation => presentations[state]
export const stateNames = Object.entries(presentations).map(([value, { label }]) => ({ value, label }))

/** Who a session belongs to; one without a login is named by where it is. */
export function sessionName(session: Pick<BrowserSession, 'username' | 'currentUrl' | 'profile'>): string {
  if (session.username !== '') return session.username
  return URL.canParse(session.currentUrl) && session.currentUrl.startsWith('http') ? new URL(session.currentUrl).host : session.profile
}

/** From this size on a session's memory is worth a second look. */
export const largeMemory = 800_000_000

/** The part of an address that tells one page of a site from another. */
export function pagePath(url: string): string {
  if (!URL.canParse(url)) return url
  const { pathname, search, protocol } = new URL(url)
  return protocol.startsWith('http') ? `${pathname}${search}` : url
}

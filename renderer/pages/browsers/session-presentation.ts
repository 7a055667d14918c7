/** How a session's state reads: green serves, blue works, amber wants you, red is broken. */
import type { BrowserSession, SessionState } from '../../../server/browsers/contract/index.ts'
import type { StatePresentation } from '../../presentation/tone.ts'
import { words } from '../../presentation/words.ts'

const presentations: Readonly<Record<SessionState, StatePresentation>> = {
  starting: { tone: 'busy', shape: 'halo', label: words.states.browsers.starting },
  'signing-in': { tone: 'busy', shape: 'halo', label: words.states.browsers['signing-in'] },
  ready: { tone: 'good', shape: 'filled', label: words.states.browsers.ready },
  'in-use': { tone: 'busy', shape: 'filled', label: words.states.browsers['in-use'] },
  'taken-over': { tone: 'busy', shape: 'halo', label: words.states.browsers['taken-over'] },
  'needs-you': { tone: 'attention', shape: 'halo', label: words.states.browsers['needs-you'] },
  'not-responding': { tone: 'bad', shape: 'filled', label: words.states.browsers['not-responding'] },
  closing: { tone: 'off', shape: 'halo', label: words.states.browsers.closing },
  hibernated: { tone: 'off', shape: 'hollow', label: words.states.browsers.hibernated },
  closed: { tone: 'off', shape: 'hollow', label: words.states.browsers.closed },
}

export const sessionPresentation = (state: SessionState): StatePresentation => presentations[state]
export const stateNames = Object.entries(presentations).map(([value, { label }]) => ({ value, label }))

/** Who a session belongs to; one without a login is named by where it is. */
export function sessionName(session: Pick<BrowserSession, 'username' | 'currentUrl' | 'profile'>): string {
  if (session.username !== '') return session.username
  return URL.canParse(session.currentUrl) && session.currentUrl.startsWith('http') ? new URL(session.currentUrl).host : session.profile
}

/** Who drives, as a person calls them: keys by their name, the owner's own windows as such. */
export const driverName = (by: string): string => (by.startsWith('key:') ? by.slice(4) : 'Another window')

/** From this size on a session's memory is worth a second look. */
export const largeMemory = 800_000_000

/** The part of an address that tells one page of a site from another. */
export function pagePath(url: string): string {
  if (!URL.canParse(url)) return url
  const { pathname, search, protocol } = new URL(url)
  return protocol.startsWith('http') ? `${pathname}${search}` : url
}

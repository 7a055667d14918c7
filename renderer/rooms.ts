/** How the window names and draws each API. */
import type { ApiName } from '../server/http/contract.ts'

export interface RoomLook {
  title: string
  icon: string
  /** The room's page; null for what has none of its own. */
  route: string | null
  /** A harmless GET for the first call with a new key. */
  firstCall: string
}

export const roomLooks: Readonly<Record<ApiName, RoomLook>> = {
  control: { title: 'Control', icon: 'i-lucide-layout-dashboard', route: null, firstCall: '/control/v1/apis' },
  browsers: { title: 'Browsers', icon: 'i-lucide-globe', route: '/browsers', firstCall: '/v1/browser-sessions' },
  brokers: { title: 'Brokers', icon: 'i-lucide-radio-tower', route: '/brokers', firstCall: '/v1/sessions' },
  bots: { title: 'Bots', icon: 'i-lucide-message-circle', route: '/bots', firstCall: '/api/sessions' },
  logins: { title: 'Logins', icon: 'i-lucide-shield-check', route: '/logins', firstCall: '/api/v1/sessions/stats' },
  relay: { title: 'Relay', icon: 'i-lucide-waypoints', route: '/relay', firstCall: '/v1/relay-sessions' },
}

/** The order in which rooms stand in the side bar and on the overview. */
export const roomOrder: readonly ApiName[] = ['browsers', 'brokers', 'bots', 'logins', 'relay']

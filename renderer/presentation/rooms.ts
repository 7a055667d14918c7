/** How the window names and draws each API. */
import type { ApiName } from '../../server/http/contract.ts'
import { words } from './words.ts'

export interface RoomPresentation {
  title: string
  icon: string
  /** The room's page; null for what has none of its own. */
  route: string | null
  /** What opens a new one of what the room holds, and where; null for what has none. */
  create: { label: string; to: string } | null
  /** A harmless GET for the first call with a new key. */
  firstCall: string
}

export const roomPresentations: Readonly<Record<ApiName, RoomPresentation>> = {
  control: { title: words.apis.control.title, icon: 'i-lucide-layout-dashboard', route: null, create: null, firstCall: '/control/v1/apis' },
  browsers: {
    title: words.apis.browsers.title,
    icon: 'i-lucide-globe',
    route: '/browsers',
    create: { label: 'Browser session', to: '/browsers?open' },
    firstCall: '/v1/browser-sessions',
  },
  brokers: {
    title: words.apis.brokers.title,
    icon: 'i-lucide-radio-tower',
    route: '/brokers',
    create: { label: 'Broker session', to: '/brokers?create' },
    firstCall: '/v1/sessions',
  },
  bots: {
    title: words.apis.bots.title,
    icon: 'i-lucide-message-circle',
    route: '/bots',
    create: { label: 'Bot', to: '/bots/link' },
    firstCall: '/api/sessions',
  },
  logins: {
    title: words.apis.logins.title,
    icon: 'i-lucide-shield-check',
    route: '/logins',
    create: { label: 'Login session', to: '/logins?create' },
    firstCall: '/api/v1/sessions/stats',
  },
  relay: {
    title: words.apis.relay.title,
    icon: 'i-lucide-waypoints',
    route: '/relay',
    create: { label: 'Relay session', to: '/relay?create' },
    firstCall: '/v1/relay-sessions',
  },
}

/** The order in which rooms stand in the side bar and on the overview. */
export const roomOrder: readonly ApiName[] = ['browsers', 'brokers', 'bots', 'logins', 'relay']

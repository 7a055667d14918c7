/** The control API: what the window, the tray and scripts need over all rooms; a file here for each thing it is about. */
import { defineContract } from '../../http/contract.ts'
import { apiRoutes } from './apis.ts'
import { creditRoutes } from './credits.ts'
import { eventRoutes, eventSockets } from './events.ts'
import { houseRoutes } from './house.ts'
import { keyRoutes } from './keys.ts'
import { failed } from './parts.ts'
import { sealingKeyRoutes } from './sealing-key.ts'
import { settingsRoutes } from './settings.ts'
import { signInRoutes } from './sign-in.ts'
import { siteProfileRoutes, siteProfileSockets } from './site-profiles.ts'
import { upstreamRoutes } from './upstreams.ts'
import { userRoutes } from './users.ts'

export type { ApiView } from './apis.ts'
export type { CreditChange, CreditOrder } from './credits.ts'
export { eventsQuery } from './events.ts'
export { overview, type Overview } from './house.ts'
export { keyOnly, keyRight, keyScope, type KeyScope } from './key-scopes.ts'
export { keyId, keyView, type KeyView } from './keys.ts'
export type { SealingView } from './sealing-key.ts'
export type { SettingsView } from './settings.ts'
export { userId, userView, type UserView } from './users.ts'

export const controlContract = defineContract({
  api: 'control',
  title: 'Control',
  version: '1.0.0',
  description: 'Health, APIs, settings, keys, accounts, audit and events of this Wheelhouse.',
  routes: {
    ...houseRoutes,
    ...apiRoutes,
    ...sealingKeyRoutes,
    ...settingsRoutes,
    ...keyRoutes,
    ...userRoutes,
    ...creditRoutes,
    ...upstreamRoutes,
    ...siteProfileRoutes,
    ...eventRoutes,
    ...signInRoutes,
  },
  sockets: { ...eventSockets, ...siteProfileSockets },
  faults: {
    'key-not-found': { status: 404, remedy: 'Check the id; the list of keys shows those there are.' },
    'key-name-taken': { status: 409, remedy: 'Choose another name.' },
    'key-not-less': { status: 409, remedy: 'Make a new key for more rights.' },
    'key-too-lasting': { status: 400, remedy: 'Let a key to everything end within 7 days.' },
    'user-not-found': { status: 404, remedy: 'Check the id of the user; the list shows those there are.' },
    'user-taken': { status: 409, remedy: 'Choose another id or address.' },
    'credits-short': {
      status: 409,
      remedy: 'Take less, or wait until the calls that hold credits have ended; setting them does not wait.',
    },
    'credits-too-many': { status: 409, remedy: 'Add less.' },
    'idempotency-key-reused': { status: 409, remedy: 'Use a new key for another change.' },
    'upstream-not-found': { status: 404, remedy: 'Check the id; the list of servers shows those there are.' },
    'upstream-taken': { status: 409, remedy: 'Choose another name for the server.' },
    'upstream-invalid': { status: 400, remedy: 'Correct what the message names.' },
    'upstream-built-in': { status: 409, remedy: 'Switch its tools off for a session instead; the built-in server stays.' },
    'upstream-locked': { status: 409, remedy: 'Put the sealing key back, or enter the settings of the server anew.' },
    'profile-invalid': { status: 400, remedy: 'Correct what the message names.' },
    'profile-not-found': { status: 404, remedy: 'Check the name; the list of site profiles shows those there are.' },
    'profile-built-in': { status: 409, remedy: 'Override it with one of your own; a built-in profile stays.' },
    'profile-lent': { status: 409, remedy: 'Wait until the practice site has ended, or end it.' },
    'settings-invalid': { status: 400, remedy: 'Correct the settings that the answer names.' },
    'setting-fixed': { status: 409, remedy: 'Start without the flag or variable that fixes it, or change it there.' },
    'port-in-use': { status: 409, remedy: 'Choose another port, or end the program that has this one.' },
    'api-not-stoppable': { status: 409, remedy: 'Quit Wheelhouse instead.' },
    'api-not-present': { status: 404, remedy: 'Look under "Needs attention" why it is not served.' },
    'sign-in-refused': { status: 401, remedy: 'Make a new sign-in link, or use a key that is known.' },
    'room-down': { status: 503, remedy: 'Look under "Needs attention" why the room is down; then start it again.' },
    'nothing-locked': { status: 409, remedy: 'Nothing has to be done: everything there opens.' },
    'sealing-key-protected': { status: 409, remedy: 'Unlock the key store of the operating system, then read the key again.' },
    'sealed-locked': { status: 503, remedy: 'Put the sealing key back, or give up what it sealed.' },
  },
  errorSchema: failed,
  errorBody: ({ code, message, issues, requestId }) => ({
    error: { code, message, ...(issues.length > 0 ? { issues: issues.map(({ field, message }) => ({ field, message })) } : {}), requestId },
  }),
})

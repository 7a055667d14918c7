/** Which session two calls with the same login share, and what is refused before one is opened. */
import type { Egress } from '../../http/egress.ts'
import { writtenOrigins } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import type { KeptLogins } from '../kept/kept-logins.ts'
import { checkSetup } from '../resource/check-setup.ts'
import type { ListedProfile, ProfileStore } from '../site/profiles.ts'
import { alreadyThere, type Flights } from './flights.ts'
import type { SessionOpener } from './opener.ts'
import type { Obtained, Wanted } from './wanted.ts'

type CheckOptions = Parameters<typeof checkSetup>[2]

export type ObtainingOptions = CheckOptions & {
  egress: Egress
  profiles: Pick<ProfileStore, 'get'>
  kept: Pick<KeptLogins, 'withKey' | 'credentialKey'>
  opener: Pick<SessionOpener, 'open'>
  flights: Pick<Flights, 'join'>
}

export class Obtaining {
  readonly #options: ObtainingOptions

  constructor(options: ObtainingOptions) {
    this.#options = options
  }

  /** As `obtain` of the service says. */
  async obtain(wanted: Wanted): Promise<Obtained> {
    const { profiles, egress, kept, opener, flights } = this.#options
    const profile = profiles.get(wanted.profile)
    const { address } = wanted.credentials
    if (address !== undefined) egress.check(address, writtenOrigins(profile))
    if (profile.address === null && address === undefined) throw new BrowserFault('missing-fields', 'Missing required fields: address')
    if (wanted.setup !== undefined) await checkSetup(wanted.setup, profile.address ?? address ?? null, this.#options)
    const key = this.#sharedKey(profile, wanted)
    if (key === null) return opener.open(wanted, profile, null)
    return flights.join(key, wanted, () => {
      const asleep = kept.withKey(key)
      if (asleep !== undefined && wanted.state !== undefined) throw alreadyThere()
      return opener.open(wanted, profile, key, asleep)
    })
  }

  /** By which two calls are known to mean the same session; null where nothing would make two the same, for want of a login. */
  #sharedKey(profile: ListedProfile, { credentials: { username, password, address = '' } }: Wanted): string | null {
    if (profile.kind === 'none' && username === '') return null
    return this.#options.kept.credentialKey([profile.name, username, password, profile.address === null ? address : ''])
  }
}

/** Sites that bind a login to one run of the browser: known by the kept logins that they refuse. */
import type { Clock } from '../../clock.ts'
import type { SessionEventFacts } from '../events.ts'
import type { KeptFacts, KeptStore } from './kept-store.ts'

/** After so many refusals in a row a site is not offered its kept logins any more. */
const mostRefusals = 3
/** Ms: a login that a site has not heard of for longer may have run out there by itself, which says nothing about the site's ways. */
const soon = 60 * 60_000

export class RunBound {
  readonly #store: Pick<KeptStore, 'refusals' | 'putRefusals'>
  readonly #clock: Pick<Clock, 'now'>

  constructor({ store, clock }: { store: Pick<KeptStore, 'refusals' | 'putRefusals'>; clock: Pick<Clock, 'now'> }) {
    this.#store = store
    this.#clock = clock
  }

  is(profile: string): boolean {
    return this.#store.refusals(profile) >= mostRefusals
  }

  held(profile: string): void {
    if (this.#store.refusals(profile) > 0) this.#store.putRefusals(profile, 0)
  }

  /** `times`: how often in a row, counted only where the login had not run out. */
  refused({ profile, runsOutAt, keptAt, lastUsedAt }: KeptFacts): Omit<SessionEventFacts<'kept-login-refused'>, 'why'> {
    const now = this.#clock.now()
    const ranOut = runsOutAt !== null && runsOutAt <= now
    const counts = !ranOut && now - Math.max(keptAt, lastUsedAt) < soon
    const times = counts ? this.#store.refusals(profile) + 1 : 0
    if (counts) this.#store.putRefusals(profile, times)
    return { ranOut, times, given: times >= mostRefusals }
  }
}

/** What is written down of a session beside what its browser knows: whose it is, where it stands, how long its login may be good. */
import type { Session } from '../session/session.ts'
import type { BrowserState } from './browser-state.ts'
import { loginEndOf } from './cookies.ts'
import type { KeptFacts } from './kept-store.ts'

/** `state`: null where nothing new is known of it. `known`: what was written down before. `now` in ms since the epoch. */
export function factsOf(session: Session, state: BrowserState | null, known: KeptFacts | undefined, now: number): KeptFacts {
  const front = state?.tabs.find(({ active }) => active)
  const url = front?.url ?? known?.url ?? session.pages.active()?.url ?? ''
  const { username, address } = session.credentials
  const before = known?.runsOutAt == null ? null : { at: known.runsOutAt, cookie: known.runsOutBy }
  const end = state === null ? before : loginEndOf(state.cookies, hostsOf(session, url))
  return {
    profile: session.profile.name,
    username,
    ...(address === undefined ? {} : { address }),
    makers: [...session.makers],
    createdAt: session.createdAt,
    lastUsedAt: session.usage.lastAt,
    keptAt: now,
    asleepSince: null,
    endReason: null,
    reason: null,
    url,
    tabs: state?.tabs.length ?? known?.tabs ?? 0,
    title: session.pages.active()?.title ?? '',
    bytes: known?.bytes ?? 0,
    runsOutAt: end?.at ?? null,
    runsOutBy: end?.cookie ?? null,
    refused: false,
    setup: session.setup.chosen,
    leftOut: state?.leftOut ?? known?.leftOut ?? [],
  }
}

export function sameButTimes(one: KeptFacts, other: KeptFacts): boolean {
  const rest = ({ keptAt: _, lastUsedAt: __, ...facts }: KeptFacts): string => JSON.stringify(facts)
  // That somebody used it is worth a line a minute.
  return rest(one) === rest(other) && Math.abs(one.lastUsedAt - other.lastUsedAt) < 60_000
}

/** Where its site has the login: the page in front may stand elsewhere. */
function hostsOf({ profile, credentials }: Session, url: string): string[] {
  const addresses = [profile.address, profile.refresh?.address, credentials.address, url]
  return addresses.flatMap((address) => URL.parse(address ?? '')?.hostname ?? [])
}

/** What a caller asks for, and what it gets. */
import type { SetupRequest } from '../contract/setup.ts'
import type { SiteProfile } from '../contract/site-profile.ts'
import type { StorageState } from '../kept/browser-state.ts'
import type { Credentials } from '../login/sign-in.ts'
import type { Evicted } from './admission.ts'
import type { Lease } from './leases.ts'
import type { Session } from './session.ts'

export interface Wanted {
  profile: string
  credentials: Credentials
  /** After a failed login it stays open for a person to help, instead of ending. */
  waitsForPerson: boolean
  /** Not one of the sessions that people have: for trying a site out. */
  aside?: boolean
  actor: string
  /** For a session that has to be made; one that is there takes of it what can change. */
  setup?: SetupRequest
  /** What its browser knows from the start; for a session that has to be made. */
  state?: StorageState
  /** By its id alone: nobody has shown the password. */
  isWake?: boolean
  /** Recorded with the session: who may see it. Left out, it belongs to the house. */
  makers?: readonly (string | null)[]
  /** Leased from its first moment, so that it cannot be evicted between sign-in and use. */
  lease?: { holder: string; duration: number }
}

/** For a session that one piece of work is opened for. */
export interface OnceWanted extends Pick<Wanted, 'actor' | 'makers' | 'lease'> {
  profile: SiteProfile
  setup: SetupRequest
  /** Where the work goes, if that is known. */
  address: string | null
}

export interface Obtained {
  session: Session
  isNew: boolean
  lease: Lease | null
  /** Who had to end for it. */
  madeRoom?: readonly Evicted[]
  /** To be called when the caller has what it wanted: until then the session is not evicted. */
  release(): void
}

/** For a caller who wanted it: held, and leased where that was asked for. */
export function obtained(session: Session, isNew: boolean, { makers = [null], credentials, lease, isWake = false }: Wanted): Obtained {
  session.sharedWith(makers, isNew || isWake ? undefined : credentials)
  return { session, isNew, release: session.hold(), lease: lease ? session.leases.take(lease.holder, lease.duration) : null }
}

/** The caller gives it up: neither held nor leased by it any more. */
export function giveUp({ session, lease, release }: Obtained): void {
  if (lease) session.leases.end(lease.id)
  release()
}

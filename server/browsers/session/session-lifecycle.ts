/** The life of a session as a table; `docs/lifecycles/browser-session.md` is drawn from it. */
import { to, toOneOf, type LifecycleTable, type Transition } from '../../lifecycle.ts'
import type { SessionState } from '../contract/index.ts'

export type SessionLifecycleEvent =
  | 'browser-up'
  | 'sign-in-begun'
  | 'signed-in'
  | 'sign-in-failed'
  | 'person-wanted'
  | 'person-helped'
  | 'lease-taken'
  | 'leases-ended'
  | 'taken-over'
  | 'given-back'
  | 'fell-silent'
  | 'answered'
  | 'ending'
  | 'ended'
  | 'woken'
  | 'forgotten'

/** What is true of a session beside its state; decides where it rests when nothing is under way. */
export interface SessionFacts {
  signedIn: boolean
  /** A sign-in is running. */
  signingIn: boolean
  /** A step of the sign-in, or of an operation, stands still until a person has helped. */
  wantsPerson: boolean
  /** The browser has been started and has answered once. */
  up: boolean
  leases: number
  takenOver: boolean
  silent: boolean
  /** Its login is kept, sealed, and may be woken. */
  kept: boolean
}

/** Where a session rests: the strongest fact wins, so the order of two events never changes the outcome. */
export function restingState(facts: SessionFacts): SessionState {
  if (!facts.up) return 'starting'
  if (facts.silent) return 'not-responding'
  if (facts.takenOver) return 'taken-over'
  if (facts.wantsPerson) return 'needs-you'
  if (facts.signingIn) return 'signing-in'
  if (!facts.signedIn) return 'needs-you'
  return facts.leases > 0 ? 'in-use' : 'ready'
}

/** One of these, by `restingState`. */
const rests = (states: readonly SessionState[], why: string): Transition<SessionState, SessionFacts> => toOneOf(states, restingState, why)

/** Comes from outside, at any moment at which there is a browser. */
const takenOver = to('taken-over', 'A person may take over at any moment; everything else then keeps off their tab')
const fellSilent = to('not-responding', 'The ping may time out in every state; it must not wipe out what the session was doing')
const ending = to('closing', 'Closing wins over everything, once')

export const sessionLifecycle: LifecycleTable<SessionState, SessionLifecycleEvent, SessionFacts> = {
  name: 'browser session',
  initial: 'starting',
  states: {
    starting: 'Its browser has not answered yet',
    'signing-in': 'A login is under way, the first one or a renewal',
    ready: 'Logged in, and nobody uses it: it may be refreshed, evicted or ended for idleness',
    'in-use': 'Logged in, and leased or driven by programs',
    'taken-over': 'A person holds keyboard and mouse',
    'needs-you': 'A person is needed: nothing is logged in, or a step waits for them',
    'not-responding': 'Its browser does not answer',
    closing: 'It has ended for everybody; its browser is going',
    hibernated: 'Browser and profile directory are gone, its login is kept, sealed: it can be woken',
    closed: 'Browser and profile directory are gone',
  },
  transitions: {
    starting: {
      'browser-up': to('needs-you', 'Nothing is logged in yet; the first sign-in begins a moment later'),
      'lease-taken': to(
        'starting',
        'The caller’s lease is taken before the browser runs, so that nothing evicts it between sign-in and use',
      ),
      'leases-ended': to('starting', 'The caller may give up, or the lease run out, before there is a browser'),
      ending: to('closing', 'DELETE, shutdown or a failed launch may come before there is a browser'),
    },
    'signing-in': {
      'signed-in': rests(
        ['ready', 'in-use', 'needs-you'],
        'A lease may have been taken for the waiting call: straight to `ready` would make the session evictable',
      ),
      'sign-in-failed': to('needs-you', 'The session may stay for a person to help; whether it does is the service’s rule'),
      'person-wanted': to('needs-you', 'A step of the login is a person’s, e.g. the code from a mail; the login waits'),
      'person-helped': to('signing-in', 'What an operation needed a person for is done while a caller’s login runs'),
      'lease-taken': to('signing-in', 'A second caller leases it while the first one’s login runs'),
      'leases-ended': to('signing-in', 'The last lease may run out in the middle of a renewal'),
      'taken-over': takenOver,
      'fell-silent': fellSilent,
      ending,
    },
    ready: {
      'lease-taken': to('in-use', 'From now on it is neither evicted nor ended for idleness; while leased, nor refreshed'),
      'leases-ended': to('ready', 'Two leases that run out at the same look end one after the other'),
      'sign-in-begun': to('signing-in', 'The site has ended the login; it is renewed'),
      'person-wanted': to('needs-you', 'A step of an operation is a person’s, and its lease has run out'),
      'taken-over': takenOver,
      'fell-silent': fellSilent,
      ending,
    },
    'in-use': {
      'lease-taken': to('in-use', 'Leases are counted'),
      'leases-ended': to('ready', 'Its idle time begins'),
      'sign-in-begun': to('signing-in', 'The operation has met a login page, or a refresh beside programs has'),
      'person-wanted': to('needs-you', 'A step of the operation is a person’s; the operation waits'),
      'taken-over': takenOver,
      'fell-silent': fellSilent,
      ending,
    },
    'taken-over': {
      'given-back': rests(
        ['ready', 'in-use', 'signing-in', 'needs-you', 'not-responding'],
        'The view’s socket may close after the sign-in failed or the browser fell silent, so giving back leads where the facts say',
      ),
      'lease-taken': rests(
        ['taken-over', 'not-responding'],
        'A request may lease what a person drives: the lease counts, the state stays visible',
      ),
      'leases-ended': rests(['taken-over', 'not-responding'], 'Going to `ready` blindly would let the refresh touch the person’s tab'),
      'sign-in-begun': rests(['taken-over', 'not-responding'], 'A caller’s login runs in a page of its own, or a person watches it'),
      'signed-in': rests(['taken-over', 'not-responding'], 'The automatic attempt may end after a person took over; they still drive'),
      'sign-in-failed': rests(['taken-over', 'not-responding'], 'A person may sign in by hand while the automatic attempt is failing'),
      'person-wanted': rests(['taken-over', 'not-responding'], 'The login comes to the person’s step while they drive already'),
      'person-helped': rests(['taken-over', 'not-responding'], 'What the login waited for shows while the person still drives'),
      answered: to('taken-over', 'A person may have taken over while the browser was silent'),
      'fell-silent': fellSilent,
      ending,
    },
    'needs-you': {
      'sign-in-begun': to('signing-in', 'The first sign-in, or one retried for a later caller'),
      'signed-in': rests(['ready', 'in-use', 'needs-you'], 'A person has signed in by hand, which is seen when they give back'),
      'sign-in-failed': to('needs-you', 'A caller’s login fails while an operation waits for a person'),
      'person-helped': rests(['signing-in', 'in-use', 'ready', 'needs-you'], 'The login, or the operation, goes on by itself'),
      'lease-taken': to('needs-you', 'The lease counts; that a person is needed stays visible'),
      'leases-ended': to('needs-you', 'The caller whose login failed gives its lease back'),
      'taken-over': takenOver,
      'fell-silent': fellSilent,
      ending,
    },
    'not-responding': {
      answered: rests(
        ['ready', 'in-use', 'signing-in', 'taken-over', 'needs-you'],
        'A lease may have begun or ended meanwhile, so the state before the silence is stale',
      ),
      'lease-taken': to(
        'not-responding',
        'A request may lease it before it is known to be silent: the lease counts, the silence stays visible',
      ),
      'leases-ended': to('not-responding', 'The last lease may run out while nothing answers; `ready` would let it be handed out'),
      'given-back': to('not-responding', 'The person leaves a browser that does not answer'),
      'person-wanted': to('not-responding', 'A page may ask for a person just before the silence is noticed'),
      'person-helped': to('not-responding', 'The person gives back a browser that does not answer'),
      'sign-in-begun': to('not-responding', 'A caller’s login may begin in the moment of the silence'),
      'signed-in': to('not-responding', 'A site’s late answer is no answer to the ping'),
      'sign-in-failed': to('not-responding', 'A login runs into its limit because nothing answers'),
      'taken-over': takenOver,
      ending,
    },
    closing: {
      'browser-up': to('closing', 'It was ended while its browser started'),
      'sign-in-begun': to('closing', 'A caller that had waited for the start tries to sign in'),
      'signed-in': to('closing', 'The login ended in the moment in which the session did; it must not come back to life'),
      ended: toOneOf(
        ['closed', 'hibernated'],
        ({ kept }) => (kept ? 'hibernated' : 'closed'),
        'The process is gone, or could not be made to go. What ended by itself sleeps, what a person closed is over',
      ),
    },
    hibernated: {
      woken: to('starting', 'Somebody wants it again, by its credentials or its id: it goes on under the same id, in another browser'),
      forgotten: to('closed', 'A person forgets it, it gets too old, or its site is gone'),
    },
    closed: {},
  },
}

/** True until the session begins to end: it is listed, counted and can be used or waited for. */
export const isLive = (state: SessionState): boolean => state !== 'closing' && state !== 'closed' && state !== 'hibernated'

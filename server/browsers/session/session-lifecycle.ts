/** The life of a session: one table of transitions. What is not in the table cannot happen and is reported as a defect. */
import type { SessionState } from '../contract/index.ts'

export type Happening =
  | 'browser-up'
  | 'sign-in-begun'
  | 'signed-in'
  | 'sign-in-failed'
  | 'lease-taken'
  | 'leases-ended'
  | 'taken-over'
  | 'given-back'
  | 'went-quiet'
  | 'answered'
  | 'ending'
  | 'ended'

/** What is true of a session beside its state; decides where it rests when nothing is under way. */
export interface SessionFacts {
  signedIn: boolean
  /** A sign-in is running. */
  signingIn: boolean
  /** The browser has been started and has answered once. */
  up: boolean
  leases: number
  takenOver: boolean
  quiet: boolean
}

/** Where a session rests: the strongest fact wins, so the order of two happenings never changes the outcome. */
export function restingState(facts: SessionFacts): SessionState {
  if (!facts.up) return 'starting'
  if (facts.quiet) return 'not-responding'
  if (facts.takenOver) return 'taken-over'
  if (facts.signingIn) return 'signing-in'
  if (!facts.signedIn) return 'needs-you'
  return facts.leases > 0 ? 'in-use' : 'ready'
}

/** Resolved by `restingState`. */
const rest = Symbol('rest')

type Target = SessionState | typeof rest

/** Happenings that any living session with a browser must take, because they come from outside at any moment. */
const whileUp: Partial<Record<Happening, Target>> = {
  // A request may lease a session that a person drives or that has stopped answering: the lease counts, the stronger state stays visible.
  'lease-taken': rest,
  // The last lease may run out while a person drives or the browser is silent; going to `ready` blindly would let refresh touch their tab.
  'leases-ended': rest,
  // A person may take over at any moment, also in the middle of a sign-in that waits for them.
  'taken-over': 'taken-over',
  // The view's socket may close after the sign-in failed or the browser fell silent, so giving back leads where the facts say.
  'given-back': rest,
  // The ping may time out in every state; it must not wipe out what the session was doing.
  'went-quiet': 'not-responding',
  // An answer may come after a lease began or ended; the state before the silence is stale by then.
  answered: rest,
  // A login renewed in the background, or retried for a second caller.
  'sign-in-begun': rest,
  // A sign-in may finish after a person took over or a lease was taken for the waiting call: straight to `ready` would make it evictable.
  'signed-in': rest,
  // A person may have signed in by hand while the automatic attempt was failing.
  'sign-in-failed': rest,
  // Closing wins over everything, once.
  ending: 'closing',
}

export const transitions: Readonly<Record<SessionState, Partial<Record<Happening, Target>>>> = {
  starting: {
    'browser-up': rest,
    // The caller's lease is taken before the browser runs, so that the session cannot be evicted between sign-in and use.
    'lease-taken': 'starting',
    'leases-ended': 'starting',
    // DELETE, shutdown or a failed launch may come before there is a browser.
    ending: 'closing',
  },
  'signing-in': whileUp,
  ready: whileUp,
  'in-use': whileUp,
  'taken-over': whileUp,
  'needs-you': whileUp,
  'not-responding': whileUp,
  closing: {
    // The ping's late answer, a lease's deadline, the view's close and the sign-in's failure all still arrive while the browser goes down;
    // none may bring the session back to life.
    'lease-taken': 'closing',
    'leases-ended': 'closing',
    'given-back': 'closing',
    'went-quiet': 'closing',
    answered: 'closing',
    'sign-in-begun': 'closing',
    'signed-in': 'closing',
    'sign-in-failed': 'closing',
    'browser-up': 'closing',
    ended: 'closed',
  },
  closed: {},
}

/** The state after `happening`, or `null` when the table does not allow it. */
export function nextState(state: SessionState, happening: Happening, facts: SessionFacts): SessionState | null {
  const target = transitions[state][happening]
  if (target === undefined) return null
  return target === rest ? restingState(facts) : target
}

/** True until the session begins to end: it is listed, counted and can be used or waited for. */
export const isLive = (state: SessionState): boolean => state !== 'closing' && state !== 'closed'

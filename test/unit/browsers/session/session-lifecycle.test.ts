import { describe, expect, it } from 'vitest'
import {
  isLive,
  restingState,
  sessionLifecycle,
  type SessionFacts,
  type SessionLifecycleEvent,
} from '../../../../server/browsers/session/session-lifecycle.ts'
import { sessionState, type SessionState } from '../../../../server/browsers/contract/index.ts'
import { nextState } from '../../../../server/lifecycle.ts'

const facts = (some: Partial<SessionFacts> = {}): SessionFacts => ({
  signedIn: true,
  signingIn: false,
  wantsPerson: false,
  up: true,
  leases: 0,
  takenOver: false,
  silent: false,
  kept: false,
  ...some,
})
const events: SessionLifecycleEvent[] = [
  'browser-up',
  'sign-in-begun',
  'signed-in',
  'sign-in-failed',
  'person-wanted',
  'person-helped',
  'lease-taken',
  'leases-ended',
  'taken-over',
  'given-back',
  'fell-silent',
  'answered',
  'ending',
  'ended',
  'woken',
  'forgotten',
]
const next = (state: SessionState, event: SessionLifecycleEvent, some: SessionFacts) => nextState(sessionLifecycle, state, event, some)

describe("a session's life", () => {
  it('rests where the strongest fact says, whatever came first', () => {
    expect(restingState(facts())).toBe('ready')
    expect(restingState(facts({ leases: 1 }))).toBe('in-use')
    expect(restingState(facts({ signedIn: false }))).toBe('needs-you')
    expect(restingState(facts({ signedIn: false, signingIn: true, leases: 2 }))).toBe('signing-in')
    expect(restingState(facts({ takenOver: true, leases: 1, signedIn: false }))).toBe('taken-over')
    expect(restingState(facts({ silent: true, takenOver: true }))).toBe('not-responding')
    expect(restingState(facts({ up: false, leases: 1 }))).toBe('starting')
  })

  it('can end from every living state and only once', () => {
    for (const state of sessionState.options.filter(isLive)) expect(next(state, 'ending', facts())).toBe('closing')
    expect(next('closing', 'ending', facts())).toBeNull()
    expect(next('closing', 'ended', facts())).toBe('closed')
  })

  it('never comes back to life once it is closing, however late an answer arrives', () => {
    for (const event of events) {
      expect(['closing', 'closed', null]).toContain(next('closing', event, facts()))
      expect(next('closed', event, facts())).toBeNull()
    }
  })

  it('stays leased when the sign-in ends after the lease was taken, and taken over when the last lease ends', () => {
    expect(next('signing-in', 'signed-in', facts({ leases: 1 }))).toBe('in-use')
    expect(next('taken-over', 'leases-ended', facts({ takenOver: true }))).toBe('taken-over')
    expect(next('not-responding', 'answered', facts({ leases: 1 }))).toBe('in-use')
    expect(next('starting', 'lease-taken', facts({ up: false, leases: 1 }))).toBe('starting')
  })

  it('has a row for every state', () => {
    expect(Object.keys(sessionLifecycle.transitions).sort()).toEqual([...sessionState.options].sort())
  })

  it('has a cell for all that can come in any order, each leading where it says, and none for what cannot', () => {
    const reached = new Set<string>()
    const seen = new Set<string>()
    const waiting: Life[] = [{ state: 'starting', facts: facts({ up: false, signedIn: false }) }]
    for (let life = waiting.pop(); life !== undefined; life = waiting.pop()) {
      const { state } = life
      if (seen.has(JSON.stringify(life))) continue
      seen.add(JSON.stringify(life))
      for (const [event, changed] of possible(life.facts)) {
        const then = next(state, event, changed)
        if (then === null) expect.unreachable(`${state} does not take ${event}`)
        expect(sessionLifecycle.transitions[state][event]?.to).toContain(then)
        reached.add(`${state} ${event} ${then}`)
        waiting.push({ state: then, facts: changed })
      }
    }
    const living = sessionState.options.filter(isLive)
    const cells = living.flatMap((state) =>
      events
        .filter((event) => event !== 'ending')
        .flatMap((event) => (sessionLifecycle.transitions[state][event]?.to ?? []).map((then) => `${state} ${event} ${then}`)),
    )
    expect(cells.toSorted()).toEqual([...reached].toSorted())
  })
})

interface Life {
  state: SessionState
  facts: SessionFacts
}

/** What may come next, with the facts as they are then. Leases that run out together are each told of when none is left any more. */
function possible(now: SessionFacts): [SessionLifecycleEvent, SessionFacts][] {
  const { up, signedIn, signingIn, wantsPerson, takenOver, silent } = now
  const when = (can: boolean, event: SessionLifecycleEvent, change: Partial<SessionFacts>): [SessionLifecycleEvent, SessionFacts][] =>
    can ? [[event, { ...now, ...change }]] : []
  return [
    ...when(!up, 'browser-up', { up: true }),
    ...when(true, 'lease-taken', { leases: 1 }),
    ...when(true, 'leases-ended', { leases: 0 }),
    ...when(up && !takenOver, 'taken-over', { takenOver: true }),
    ...when(takenOver, 'given-back', { takenOver: false }),
    ...when(up && !silent, 'fell-silent', { silent: true }),
    ...when(silent, 'answered', { silent: false }),
    ...when(up && !signingIn, 'sign-in-begun', { signingIn: true }),
    ...when((signingIn || (up && signedIn)) && !wantsPerson, 'person-wanted', { wantsPerson: true }),
    ...when(wantsPerson, 'person-helped', { wantsPerson: false }),
    ...when(signingIn, 'signed-in', { signingIn: false, signedIn: true }),
    ...when(signingIn, 'sign-in-failed', { signingIn: false, signedIn: false }),
    ...when(up && !signingIn && !signedIn, 'signed-in', { signedIn: true }),
  ]
}

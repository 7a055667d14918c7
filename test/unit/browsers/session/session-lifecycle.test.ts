import { describe, expect, it } from 'vitest'
import {
  isLive,
  nextState,
  restingState,
  transitions,
  type Happening,
  type SessionFacts,
} from '../../../../server/browsers/session/session-lifecycle.ts'
import { sessionState } from '../../../../server/browsers/contract/index.ts'

const facts = (some: Partial<SessionFacts> = {}): SessionFacts => ({
  signedIn: true,
  signingIn: false,
  up: true,
  leases: 0,
  takenOver: false,
  quiet: false,
  ...some,
})
const happenings: Happening[] = [
  'browser-up',
  'sign-in-begun',
  'signed-in',
  'sign-in-failed',
  'lease-taken',
  'leases-ended',
  'taken-over',
  'given-back',
  'went-quiet',
  'answered',
  'ending',
  'ended',
]

describe("a session's life", () => {
  it('rests where the strongest fact says, whatever came first', () => {
    expect(restingState(facts())).toBe('ready')
    expect(restingState(facts({ leases: 1 }))).toBe('in-use')
    expect(restingState(facts({ signedIn: false }))).toBe('needs-you')
    expect(restingState(facts({ signedIn: false, signingIn: true, leases: 2 }))).toBe('signing-in')
    expect(restingState(facts({ takenOver: true, leases: 1, signedIn: false }))).toBe('taken-over')
    expect(restingState(facts({ quiet: true, takenOver: true }))).toBe('not-responding')
    expect(restingState(facts({ up: false, leases: 1 }))).toBe('starting')
  })

  it('can end from every living state and only once', () => {
    for (const state of sessionState.options.filter(isLive)) expect(nextState(state, 'ending', facts())).toBe('closing')
    expect(nextState('closing', 'ending', facts())).toBeNull()
    expect(nextState('closing', 'ended', facts())).toBe('closed')
  })

  it('never comes back to life once it is closing, however late an answer arrives', () => {
    for (const happening of happenings) {
      expect(['closing', 'closed', null]).toContain(nextState('closing', happening, facts()))
      expect(nextState('closed', happening, facts())).toBeNull()
    }
  })

  it('stays leased when the sign-in ends after the lease was taken, and taken over when the last lease ends', () => {
    expect(nextState('signing-in', 'signed-in', facts({ leases: 1 }))).toBe('in-use')
    expect(nextState('taken-over', 'leases-ended', facts({ takenOver: true }))).toBe('taken-over')
    expect(nextState('not-responding', 'answered', facts({ leases: 1 }))).toBe('in-use')
    expect(nextState('starting', 'lease-taken', facts({ up: false, leases: 1 }))).toBe('starting')
  })

  it('has a row for every state', () => {
    expect(Object.keys(transitions).sort()).toEqual([...sessionState.options].sort())
  })
})

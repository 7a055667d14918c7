import { describe, expect, it } from 'vitest'
import { processLifecycle, type ProcessEvent, type ProcessState } from '../../../../server/browsers/process/process-lifecycle.ts'
import { nextState } from '../../../../server/lifecycle.ts'

// The keys of the table are its states.
const states = Object.keys(processLifecycle.states) as ProcessState[]
const running = states.filter((state) => state !== 'gone')
const next = (state: ProcessState, event: ProcessEvent) => nextState(processLifecycle, state, event, undefined)

describe("a Chromium process's life", () => {
  it('can end, and can be killed, at any moment, and does nothing after its end', () => {
    for (const state of running) expect([next(state, 'exited'), next(state, 'killed')]).toEqual(['gone', 'killed'])
    expect(processLifecycle.transitions.gone).toEqual({})
  })

  it('may lose its pipe before its end is reported, however it ends', () => {
    for (const state of running.filter((each) => each !== 'cut-off')) expect(next(state, 'pipe-broke')).not.toBeNull()
  })

  it('is asked to close only while it answers', () => {
    expect(running.filter((state) => next(state, 'close-asked') !== null)).toEqual(['answering'])
  })

  it('comes back from silence, and from nothing that ends it', () => {
    expect(next('silent', 'answered')).toBe('answering')
    for (const state of ['cut-off', 'closing', 'killed'] as const) expect(next(state, 'answered')).toBe(state)
  })
})

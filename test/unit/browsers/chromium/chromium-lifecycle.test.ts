import { describe, expect, it } from 'vitest'
import { chromiumLifecycle, type ChromiumEvent, type Knowledge } from '../../../../server/browsers/chromium/chromium-lifecycle.ts'
import { chromiumState } from '../../../../server/browsers/contract/index.ts'
import { nextState } from '../../../../server/lifecycle.ts'

const states = chromiumState.shape.state.options
const next = (state: Knowledge, event: ChromiumEvent) => nextState(chromiumLifecycle, state, event, undefined)
const taking = (event: ChromiumEvent) => states.filter((state) => next(state, event) !== null)

describe('what is known of the Chromium', () => {
  it('has a row for every state of the contract', () => {
    expect(Object.keys(chromiumLifecycle.transitions).toSorted()).toEqual(states.toSorted())
  })

  it('may be forgotten, and one may be installed, at any moment but during a download', () => {
    const others = states.filter((state) => state !== 'installing')
    expect(taking('forgotten')).toEqual(others)
    expect(taking('install-begun')).toEqual(others)
  })

  it('follows a check to its end, whatever came between', () => {
    expect(taking('proven')).toEqual(states)
    expect(taking('none-starts')).toEqual(states)
    for (const state of states) expect([next(state, 'proven'), next(state, 'none-starts')]).toEqual(['ready', 'failed'])
  })

  it('is taken from files alone only while nothing is known', () => {
    expect(taking('seen')).toEqual(['unknown'])
  })
})

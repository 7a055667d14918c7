import { describe, expect, it } from 'vitest'
import { fateOf, type Surroundings } from '../../../../server/browsers/page/new-window.ts'
import type { TargetInfo } from '../../../../server/browsers/page/targets.ts'

const quiet: Surroundings = { openingInBackground: false, isInBackground: () => false, isPermitted: () => false }
const fate = (info: Partial<TargetInfo>, around: Partial<Surroundings> = {}) =>
  fateOf(
    { targetId: 'new', type: 'page', title: '', url: 'about:blank', attached: false, canAccessOpener: false, ...info },
    { ...quiet, ...around },
  )

describe('a window that opens', () => {
  it('is none of ours when it is a surface of Chromium or no page', () => {
    expect(fate({ url: 'chrome://newtab/' })).toBe('ignored')
    expect(fate({ type: 'service_worker' })).toBe('ignored')
  })

  it('stays when a click on a link of the tab opened it', () => {
    expect(fate({ openerId: 'tab', openerFrameId: 'tab' })).toBe('page')
    expect(fate({ openerId: 'tab', openerFrameId: 'tab', canAccessOpener: true })).toBe('page')
  })

  it('is a popup when an embedded frame opened it and keeps hold of it', () => {
    expect(fate({ openerId: 'tab', openerFrameId: 'frame', canAccessOpener: true })).toBe('popup')
    expect(fate({ openerId: 'tab', openerFrameId: 'frame' })).toBe('page')
  })

  it('works at the back when one was asked for there, and is closed when a page at the back opened it', () => {
    expect(fate({}, { openingInBackground: true })).toBe('background')
    expect(fate({ openerId: 'tab', openerFrameId: 'tab' }, { openingInBackground: true })).toBe('page')
    expect(fate({ openerId: 'back', openerFrameId: 'back' }, { isInBackground: (id) => id === 'back' })).toBe('closed')
  })
})

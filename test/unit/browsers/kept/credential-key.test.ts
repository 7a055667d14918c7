import { expect, it } from 'vitest'
import { KeptLogins } from '../../../../server/browsers/kept/kept-logins.ts'
import type { KeptStore } from '../../../../server/browsers/kept/kept-store.ts'
import { testClock, testLog } from '../../../fakes/kernel.ts'
import { defaultSettings } from '../../../../server/config/settings.ts'

/** Its secret was sealed with a key that is not here. */
function lockedStore(): KeptStore {
  let locked = true
  return {
    all: () => [],
    put: () => 0,
    state: () => null,
    remove: () => undefined,
    secret: (fresh) => (locked ? null : fresh()),
    locked: () => (locked ? 1 : 0),
    giveUpLocked: () => void (locked = false),
    refusals: () => 0,
    putRefusals: () => undefined,
  }
}

it('who has a session while kept logins are locked finds the same one when these are given up', () => {
  const kept = new KeptLogins({
    store: lockedStore(),
    settings: { current: () => defaultSettings, onChange: () => () => undefined },
    clock: testClock(),
    log: testLog(),
    changed: () => undefined,
    touched: () => undefined,
    forgotten: () => undefined,
  })
  kept.start()
  const key = kept.credentialKey(['harbor-gate', 'user1', 'harbor-demo', ''])
  expect([kept.isWanted({ keep: true }), kept.locked()]).toEqual([false, 1])
  kept.giveUpLocked()
  expect([kept.isWanted({ keep: true }), kept.locked()]).toEqual([true, 0])
  expect(kept.credentialKey(['harbor-gate', 'user1', 'harbor-demo', ''])).toBe(key)
})

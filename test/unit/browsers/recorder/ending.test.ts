import { expect, it } from 'vitest'
import { causeOf, type Evidence } from '../../../../server/browsers/recorder/ending.ts'
import { shrinkEnded } from '../../../../server/browsers/recorder/shrink.ts'

const exited: Evidence['exit'] = { code: null, signal: null, byUs: false, lastWords: [] }
const crashed: Evidence = { reason: 'crashed', exit: exited, silent: false, oomKills: 0, freeMemoryBytes: 8e9 }
const after = (exit: Partial<typeof exited>, more: Partial<Evidence> = {}) => causeOf({ ...crashed, exit: { ...exited, ...exit }, ...more })

it('a browser’s end is explained by what ended it', () => {
  expect(after({ signal: 'SIGKILL' })).toBe('killed')
  expect(after({ signal: 'SIGTERM' })).toBe('killed')
  expect(after({ signal: 'SIGKILL' }, { oomKills: 1 })).toBe('out-of-memory')
  expect(after({ code: 137 }, { oomKills: 1 })).toBe('out-of-memory')
  expect(after({ signal: 'SIGKILL' }, { freeMemoryBytes: 50e6 })).toBe('out-of-memory')
  expect(after({ signal: 'SIGTRAP', lastWords: ['FATAL: Out of memory. size=4096'] })).toBe('out-of-memory')
  // The system ended something else for want of memory; this one failed by itself.
  expect(after({ signal: 'SIGSEGV' }, { oomKills: 1 })).toBe('crashed')
  expect(after({ code: 133 })).toBe('crashed')
  expect(after({ code: 0 })).toBe('exited')
  expect(after({ signal: 'SIGKILL', byUs: true }, { oomKills: 1 })).toBe('disconnected')
  expect(causeOf({ ...crashed, exit: null, silent: true })).toBe('silent')
  expect(causeOf({ ...crashed, exit: null })).toBe('driver-failed')
  expect(causeOf({ ...crashed, reason: 'evicted' })).toBe('evicted')
})

it('of sessions that have ended the oldest give their memory back first', () => {
  const shrunk: string[] = []
  const ended = ['oldest', 'older', 'latest'].map((name) => ({ recorder: { bytes: 10_000_000, shrink: () => void shrunk.push(name) } }))
  shrinkEnded(ended)
  expect(shrunk).toEqual(['oldest'])
})

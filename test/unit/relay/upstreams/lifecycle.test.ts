/** The life of an upstream, without a server: what each end leads to, and when it is tried again. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { testClock } from '../../../fakes/kernel.ts'
import { nextState } from '../../../../server/lifecycle.ts'
import { connectionLifecycle } from '../../../../server/relay/upstreams/connection-lifecycle.ts'
import type { Mishap } from '../../../../server/relay/upstreams/mishaps.ts'
import { UpstreamLife } from '../../../../server/relay/upstreams/life.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const broken = (reason: string): Mishap => ({ reason, kind: 'broken', remedy: 'Read its log' })
const away: Mishap = { reason: 'Connection refused', kind: 'away', remedy: null }
const misaddressed: Mishap = { reason: 'There is nothing at its address', kind: 'person', remedy: 'Look at its address' }

interface Given {
  locked?: string | null
  waits?: number[]
  remote?: boolean
}
function begun({ locked = null, waits = [10, 20], remote = false }: Given = {}) {
  const clock = testClock()
  const seen: string[] = []
  const server = { needsPerson: false, connects: 0, seen, clock }
  const life: UpstreamLife = new UpstreamLife({
    clock,
    backOff: waits,
    remote,
    random: () => 0,
    locked,
    needsPerson: () => server.needsPerson,
    redacted: (reason) => reason.replace('secret', '…'),
    note: () => undefined,
    connect: () => void (server.connects += 1),
    onState: () => void seen.push(life.state),
    onIllegal: (state, event) => void seen.push(`illegal: ${event} while ${state}`),
  })
  life.start()
  return { life, server }
}

test('one that keeps failing is tried again after longer and longer waits, then left to a person', () => {
  const { life, server } = begun()
  life.startFailed(broken('gone with secret'))
  expect([life.state, life.error, life.attempts]).toEqual(['retrying', 'gone with …', 1])
  vi.advanceTimersByTime(9)
  expect(server.connects).toBe(1)
  vi.advanceTimersByTime(1)
  expect([life.state, server.connects]).toEqual(['starting', 2])
  life.startFailed(broken('gone'))
  vi.advanceTimersByTime(19)
  expect(life.state).toBe('retrying')
  vi.advanceTimersByTime(1)
  life.startFailed(broken('gone'))
  expect([life.state, life.error, life.attempts]).toEqual(['failed', 'gone. Stopped after 3 tries', 3])
  expect(vi.getTimerCount()).toBe(0)
})

test('one that is away is tried for ever, slower and slower up to five minutes, and never counts as failed', () => {
  const { life, server } = begun({ waits: [1_000, 100_000], remote: true })
  const waits: number[] = []
  for (let time = 0; time < 6; time += 1) {
    life.startFailed(away)
    expect([life.state, life.error, life.remedy]).toEqual(['retrying', 'Connection refused', null])
    waits.push((life.nextTry ?? 0) - server.clock.now())
    vi.advanceTimersToNextTimer()
  }
  expect(waits).toEqual([1_000, 100_000, 200_000, 300_000, 300_000, 300_000])
  expect([life.state, life.nextTry, server.connects]).toEqual(['starting', null, 7])
})

test('one that is away is tried as soon as somebody uses it, but not in the moment after it failed', () => {
  const { life, server } = begun({ waits: [60_000], remote: true })
  life.startFailed(away)
  expect(life.wanted()).toBe(true)
  expect((life.nextTry ?? 0) - server.clock.now()).toBe(500)
  life.wanted()
  vi.advanceTimersByTime(499)
  expect(life.state).toBe('retrying')
  vi.advanceTimersByTime(1)
  expect([life.state, server.connects]).toEqual(['starting', 2])
  life.startFailed(broken('it crashes'))
  expect(life.wanted()).toBe(false)
})

test('after sleep, or in another network, what is away is tried at once and anew with short waits', () => {
  const { life, server } = begun({ waits: [1_000, 2_000], remote: true })
  for (let time = 0; time < 4; time += 1) {
    life.startFailed(away)
    vi.advanceTimersToNextTimer()
  }
  life.startFailed(away)
  life.woken()
  expect([life.state, server.connects]).toEqual(['starting', 6])
  life.startFailed(away)
  expect((life.nextTry ?? 0) - server.clock.now()).toBe(1_000)
  vi.advanceTimersToNextTimer()
  // Behind the sign-in page of a foreign network every address looks wrong.
  life.startFailed(misaddressed)
  expect(life.state).toBe('failed')
  life.woken()
  expect([life.state, server.connects]).toEqual(['starting', 8])
  life.connected()
  life.woken()
  expect(server.seen.filter((each) => each.startsWith('illegal'))).toEqual([])
})

test('what a person must mend is not tried again, and says what to do', () => {
  const { life } = begun({ remote: true })
  life.startFailed(misaddressed)
  expect([life.state, life.error, life.remedy, vi.getTimerCount()]).toEqual([
    'failed',
    'There is nothing at its address',
    'Look at its address',
    0,
  ])
  life.stop()
  life.start()
  life.connected()
  expect([life.state, life.remedy]).toEqual(['ready', null])
})

test('one that ran for long has all its tries again; one that died early has not', () => {
  const { life, server } = begun({ waits: [10] })
  life.startFailed(broken('slow to come'))
  vi.advanceTimersByTime(10)
  life.connected()
  server.clock.advance(60_000)
  life.connectionLost(broken('died'))
  expect([life.state, life.attempts]).toEqual(['retrying', 1])
  vi.advanceTimersByTime(10)
  life.connected()
  life.connectionLost(broken('died at once'))
  expect([life.state, life.attempts]).toEqual(['failed', 2])
})

test('one that threw twice where nobody waited is left to a person, whatever tries it has', () => {
  const { life } = begun()
  life.connected()
  life.countEscape()
  life.connectionLost(broken('a frame too long'))
  expect(life.state).toBe('retrying')
  vi.advanceTimersByTime(10)
  life.countEscape()
  life.startFailed(broken('a frame too long'))
  expect(life.state).toBe('failed')
})

test('one that wants a person to sign in is not tried again, and its failure is not counted', () => {
  const { life, server } = begun()
  life.connected()
  server.needsPerson = true
  life.connectionLost(broken('refused'))
  expect([life.state, life.error, life.attempts]).toEqual(['signed-out', 'It wants you to sign in', 0])
  expect(vi.getTimerCount()).toBe(0)
})

test('a forgotten session is greeted again at once, but while it starts that is a failure', () => {
  const { life, server } = begun()
  life.connected()
  life.sessionLost(broken('404'))
  expect([life.state, life.error, life.attempts, server.connects]).toEqual(['starting', null, 0, 2])
  life.sessionLost(broken('404'))
  expect([life.state, life.error, life.attempts]).toEqual(['retrying', '404', 1])
})

test('one whose settings cannot be opened is never connected to', () => {
  const { life, server } = begun({ locked: 'The key is not here' })
  expect([life.state, life.error, server.connects]).toEqual(['locked', 'The key is not here', 0])
})

test('a stop ends the wait for the next try, and what comes after it changes nothing and is reported', () => {
  const { life, server } = begun()
  const { stopped } = life
  life.startFailed(broken('gone'))
  life.stop()
  expect([life.state, life.error, stopped.aborted, vi.getTimerCount()]).toEqual(['disabled', null, true, 0])
  life.connected()
  expect(server.seen).toEqual(['starting', 'retrying', 'disabled', 'illegal: connected while disabled'])
  life.start()
  expect([life.state, life.attempts, life.stopped.aborted]).toEqual(['starting', 0, false])
})

test('a connection that broke stays broken, and one that was closed from here never breaks', () => {
  for (const event of ['negotiated', 'broke', 'close'] as const)
    expect(nextState(connectionLifecycle, 'broken', event, undefined)).toBe('broken')
  expect(nextState(connectionLifecycle, 'closed', 'broke', undefined)).toBe('closed')
})

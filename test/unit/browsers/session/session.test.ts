import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { RunningBrowser } from '../../../../server/browsers/process/launch.ts'
import { presentSession } from '../../../../server/browsers/session/presentation.ts'
import { SessionDirectory } from '../../../../server/browsers/session/session-directory.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { isCollected } from '../../../fixtures/collected.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { makeSession, readySession } from './a-session.ts'

describe('a session', () => {
  it('is at rest only while nobody holds, leases or drives it and no sign-in runs', () => {
    const { session } = readySession(testClock())
    expect(session.atRest).toBe(true)
    const release = session.hold()
    expect(session.atRest).toBe(false)
    release()
    release()
    expect(session.atRest).toBe(true)
    const { id } = session.leases.take('a script', 1_000)
    expect([session.atRest, session.state]).toEqual([false, 'in-use'])
    session.leases.end(id)
    session.control.take('a view')
    expect([session.atRest, session.state]).toEqual([false, 'taken-over'])
    session.control.giveBack('a view')
    session.login.attemptBegun(Promise.resolve('held'))
    expect([session.atRest, session.state]).toEqual([false, 'signing-in'])
    session.login.gained()
    expect([session.atRest, session.state]).toEqual([true, 'ready'])
  })

  it('counts its idle time from when the last lease ended', () => {
    const clock = testClock()
    const { session } = readySession(clock)
    session.leases.take('a script', 60_000)
    clock.advance(60_000)
    expect(presentSession(session, 10_000, '').idleExpiresAt).toBeNull()
    session.leases.expire()
    expect(session.usage.idleFor).toBe(0)
    expect(Date.parse(presentSession(session, 10_000, '').idleExpiresAt ?? '')).toBe(clock.now() + 10_000)
  })

  it('can be driven by one view at a time, and by none before its browser is up or after its end', () => {
    const { session } = makeSession(testClock())
    expect(session.control.take('a view')).toBe(false)
    session.browser.attached()
    expect(session.control.take('a view')).toBe(true)
    expect([session.control.take('a view'), session.control.take('another')]).toEqual([true, false])
    session.control.giveBack('another')
    expect(session.control.holder).toBe('a view')
    session.endBegun('closed', 'Closed', 'owner')
    session.control.giveBack('a view')
    expect(session.control.take('a view')).toBe(false)
  })

  it('whose pipe is broken is waited for until its end explains that, however long the system takes to report it', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const { session } = readySession(testClock())
    // Of a browser that has gone, no more is asked here.
    session.browser.started({ puppeteer: { connected: false } } as RunningBrowser)
    const cause = session.causeOf(new Error('Protocol error: Connection closed.'))
    await vi.advanceTimersByTimeAsync(3_000)
    session.endBegun('crashed', 'The browser ended: killed by SIGKILL', 'system')
    expect(await cause).toMatchObject({ code: 'session-ended', message: expect.stringContaining('killed by SIGKILL') })
  })

  it('ends once: it can no longer be leased, its end is told, and it forgets its secrets unless it crashed', () => {
    const closed = readySession(testClock())
    const told: string[] = []
    closed.session.onEnd((reason) => told.push(reason))
    closed.session.leases.take('a script', 1_000)
    closed.session.endBegun('closed', 'Closed by request', 'owner')
    expect(told).toEqual(['Closed by request'])
    expect(closed.session.life.aborted).toBe(true)
    expect(() => closed.session.leases.take('another', 1_000)).toThrow(expect.objectContaining({ code: 'session-not-found' }))
    expect(closed.session).toMatchObject({ state: 'closing', live: false, endReason: 'closed', reason: 'Closed by request' })
    expect(JSON.stringify(closed.session.credentials)).not.toMatch(/harbor-demo|secret/)
    closed.session.ended()
    expect(closed.session.state).toBe('closed')

    const crashed = readySession(testClock())
    crashed.session.endBegun('crashed', 'Died', 'system')
    expect(crashed.session.credentials.password).toBe('harbor-demo')
    expect(crashed.recorded.at(-1)).toBe('session-crashed')
    expect([closed.illegal, crashed.illegal]).toEqual([[], []])
  })

  it('plans the next refresh when it is logged in, and keeps none while one runs', () => {
    const clock = testClock()
    const { session } = readySession(clock)
    expect(Date.parse(session.login.nextRefreshAt ?? '')).toBe(clock.now() + 60_000)
    clock.advance(60_000)
    expect(session.login.refreshIsDue).toBe(true)
    session.login.refreshBegun()
    expect([session.login.refreshIsDue, session.login.nextRefreshAt]).toEqual([false, null])
  })

  it('is held by nothing once it cannot be looked at any more, also while its downloads stay', async () => {
    const directory = new SessionDirectory()
    const end = (id: string) => {
      const { session } = readySession(testClock(), id)
      session.endBegun('closed', 'Closed by request', 'system')
      session.ended()
      directory.ended(session)
      return { downloads: session.downloads, itself: new WeakRef(session) }
    }
    const first = end('first')
    for (let later = 0; later < 50; later += 1) end(`later-${later}`)
    expect(directory.over()).toHaveLength(50)
    await eventually('nothing holds it', () => isCollected(first.itself))
    expect(first.downloads.list()).toEqual([])
  })

  it('reports what its table does not allow, and stays as it was', () => {
    const { session, illegal } = readySession(testClock())
    session.browser.attached()
    expect([illegal, session.state]).toEqual([['browser-up'], 'ready'])
  })
})

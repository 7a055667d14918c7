import { describe, expect, it } from 'vitest'
import { Admission } from '../../../../server/browsers/session/admission.ts'
import { Room } from '../../../../server/browsers/resource/room.ts'
import { SessionDirectory } from '../../../../server/browsers/session/session-directory.ts'
import type { Session } from '../../../../server/browsers/session/session.ts'
import { testClock } from '../../../fakes/kernel.ts'
import { makeSession, readySession } from './a-session.ts'

function house({ limit = 2, free = Number.POSITIVE_INFINITY }: { limit?: number; free?: number } = {}) {
  const clock = testClock()
  const sessions = new SessionDirectory()
  const evicted: string[] = []
  const admission = new Admission({
    sessions,
    clock,
    limit: () => limit,
    passes: ({ id }) => id.startsWith('once'),
    room: new Room({
      clock,
      sessions: () => sessions.live(),
      places: () => limit,
      limit: () => ({ memoryLimit: null, memoryReserve: 100 }),
      machine: () => ({ totalBytes: 4_000_000_000, availableBytes: free }),
    }),
    evict: (session) => {
      evicted.push(session.id)
      session.endBegun('evicted', 'Its place was needed', 'system')
    },
  })
  const onChanged = (): void => sessions.changed()
  const add = (session: Session): Session => {
    sessions.add(session)
    clock.advance(1_000)
    return session
  }
  return {
    clock,
    sessions,
    admission,
    evicted,
    ready: (id: string): Session => add(readySession(clock, id, { onChanged }).session),
    starting: (id: string): Session => add(makeSession(clock, id, { onChanged }).session),
    admit: (id: string): Promise<Session> => admission.admit(() => add(makeSession(clock, id, { onChanged }).session)),
  }
}

const full = { code: 'no-capacity' }

describe('a place for a session', () => {
  it('is taken in the turn in which it is free, so that two calls never take the same one', async () => {
    const { admit, evicted, sessions } = house({ limit: 1 })
    const [asked, alsoAsked] = [admit('first'), admit('second')]
    const first = await asked
    expect([sessions.live(), evicted]).toEqual([[first], []])
    first.browser.attached()
    first.login.gained()
    expect([(await alsoAsked).id, evicted]).toEqual(['second', ['first']])
  })

  it('is that of the least recently used session that is at rest', async () => {
    const { admission, admit, evicted, ready } = house()
    const oldest = ready('oldest')
    ready('younger')
    expect(admission.nextEvicted()).toBe(oldest)
    oldest.touch()
    await admit('new')
    expect(evicted).toEqual(['younger'])
  })

  it('is refused at once when all are leased or driven, since nothing says when that ends', async () => {
    const { admission, admit, ready } = house()
    ready('leased').leases.take('a script', 1_000)
    ready('driven').control.take('a view')
    expect(admission.nextEvicted()).toBeNull()
    await expect(admit('new')).rejects.toMatchObject(full)
  })

  it('is waited for while one is signing in, and refused when that takes too long', async () => {
    const { clock, admit, evicted, starting } = house({ limit: 1 })
    const busy = starting('busy')
    const waiting = admit('new')
    busy.browser.attached()
    busy.login.gained()
    expect((await waiting).id).toBe('new')
    expect(evicted).toEqual(['busy'])

    const late = admit('another')
    clock.advance(90_000)
    starting('noise').touch()
    await expect(late).rejects.toMatchObject(full)
  })

  it('is waited for while one is there that ends with its work, though it is leased', async () => {
    const { admit, ready } = house({ limit: 1 })
    const once = ready('once')
    once.leases.take('screenshot', 60_000)
    const waiting = admit('new')
    once.endBegun('closed', 'Its work is done', 'system')
    expect((await waiting).id).toBe('new')
  })

  it('is had by one for which there is memory, and by the first in any case', async () => {
    const { admit, admission, evicted, ready, sessions } = house({ limit: 10, free: 550_000_000 })
    await admit('first')
    ready('older').browser.measured({ memoryBytes: 400_000_000, processCount: 9 })
    ready('younger').browser.measured({ memoryBytes: 400_000_000, processCount: 9 })
    // Of 550 MB the first, which is starting, will have 400, and 100 are kept back.
    await admit('new')
    expect(evicted).toEqual(['older'])
    expect(admission.nextEvicted()?.id).toBe('younger')
    sessions.get('younger').leases.take('a script', 60_000)
    for (const { browser, id } of sessions.live()) if (id !== 'younger') browser.attached()
    for (const { leases } of sessions.live()) leases.take('a script', 90_000)
    await expect(admit('another')).rejects.toThrow(
      /^There is memory for 3 sessions, and all are in use: \d+ MB are free, one more takes about 400 MB; the first lease ends at 20.*Z/,
    )
  })

  it('is refused to all, also those who wait, when the room stops', async () => {
    const { admission, admit, starting } = house({ limit: 1 })
    starting('busy')
    const waiting = admit('new')
    admission.close()
    await expect(waiting).rejects.toMatchObject(full)
    await expect(admit('another')).rejects.toMatchObject(full)
    admission.open()
  })
})

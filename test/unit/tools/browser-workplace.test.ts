/** What keeps a session for an agent while it works, and what the agent hears of its tab. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { BrowserFault } from '../../../server/browsers/fault.ts'
import type { KnownPage } from '../../../server/browsers/page/page-registry.ts'
import { act } from '../../../server/tools/browsers/act.ts'
import { workplaceOf } from '../../../server/tools/browsers/workplace.ts'
import { house } from './a-workplace.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const minutes = (many: number): number => many * 60_000
/** Of typing a long text slowly. */
const patience = minutes(17)
/** What the work comes to, while a clock that the test moves does its part. */
async function settled<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined)
  await vi.advanceTimersByTimeAsync(10_000)
  return work
}

const isEnable = (method: string): boolean => method === 'Page.enable'

it('a long action keeps the session until its end, and the two minutes without a call count from there', async () => {
  const { session, service, call, clock } = house()
  let kept: unknown
  const run = async (): Promise<string> => {
    clock.advance(minutes(16))
    kept = [session.leases.expire(), session.atRest, session.mayRefresh]
    return 'Typed'
  }
  const [said] = await settled(act(service, session.id, call('a'), { run, patience }))
  expect(said).toMatchObject({ text: expect.stringContaining('Typed') })
  expect(kept).toEqual([[], false, false])
  clock.advance(minutes(2))
  expect(session.leases.expire()).toHaveLength(1)
  expect(session.atRest).toBe(true)
})

it('a long action that fails keeps the session for two minutes more, as any call does', async () => {
  const { session, service, call, clock } = house()
  const run = () => Promise.reject(new BrowserFault('page-failed', 'The field has gone'))
  await expect(settled(act(service, session.id, call('a'), { run, patience }))).rejects.toThrow('The field has gone')
  clock.advance(minutes(2))
  expect(session.leases.expire()).toHaveLength(1)
})

it('an agent that waits long for its turn is asked what its page asks then, whoever else came in meanwhile', async () => {
  const { session, service, call, clock, tabs } = house()
  workplaceOf(session, 'a').choose(tabs[1].tab.id)
  const typed = Promise.withResolvers<string>()
  const replies: unknown[] = []
  const run = async ({ id }: KnownPage): Promise<string> => {
    const asked = { kind: 'confirm', message: 'Release?', defaultText: '', host: 'site.test' } as const
    session.dialogs.opened(id, asked, (reply) => void replies.push(reply))
    return 'Clicked'
  }
  const both = [act(service, session.id, call('a'), { patience, run: () => typed.promise }), act(service, session.id, call('b'), { run })]
  await vi.advanceTimersByTimeAsync(0)
  clock.advance(minutes(3))
  session.leases.expire()
  workplaceOf(session, 'c')
  typed.resolve('Typed')
  const answers = await settled(Promise.all(both))
  expect(answers.map(([said]) => said)).toMatchObject(['Typed', 'Clicked'].map((done) => ({ text: expect.stringContaining(done) })))
  expect(replies).toEqual([])
})

it('an agent whose turn comes after the end of the session hears of that end, and how to go on', async () => {
  const { session, service, call } = house()
  const typed = Promise.withResolvers<string>()
  const both = [
    act(service, session.id, call('a'), { run: () => typed.promise }),
    act(service, session.id, call('b'), { run: async () => 'Clicked' }),
  ]
  await vi.advanceTimersByTimeAsync(0)
  session.endBegun('closed', 'Somebody closed it', 'a person')
  const ends = await settled(Promise.allSettled(both))
  const said = expect.objectContaining({ message: expect.stringMatching(/Somebody closed it.*browser_open opens a new one/) })
  expect(ends).toEqual([
    { status: 'rejected', reason: said },
    { status: 'rejected', reason: said },
  ])
})

it('a page that asks whether it may be left is left for the agent at work, and not once its lease has ended', async () => {
  const { session, clock, tabs } = house()
  const [{ tab, page }] = tabs
  const workplace = workplaceOf(session, 'a')
  await workplace.watch(tab, true)
  session.dialogs.watchedBy(() => true)
  const replies: unknown[] = []
  const asks = (): void => {
    const asked = { kind: 'beforeunload', message: '', defaultText: '', host: 'site.test' } as const
    session.dialogs.opened(tab.id, asked, (reply) => void replies.push(reply))
    page.cdps[0]?.emit('Page.javascriptDialogOpening', { type: 'beforeunload', message: '' })
  }
  const answers = (): unknown[] => page.cdps.flatMap(({ asked }) => asked.filter(([method]) => !isEnable(method)))
  asks()
  expect(answers()).toEqual([['Page.handleJavaScriptDialog', { accept: true }]])
  clock.advance(minutes(2))
  session.leases.expire()
  asks()
  expect([answers(), replies]).toEqual([[['Page.handleJavaScriptDialog', { accept: true }]], []])
})

it('two calls that come at once listen to a tab once, and both go on when its dialogs are heard', async () => {
  const { session, tabs } = house()
  const [{ tab, page }] = tabs
  const enabled = Promise.withResolvers<unknown>()
  page.makes = async (cdp) => void (cdp.answers = () => enabled.promise)
  const workplace = workplaceOf(session, 'a')
  const done = vi.fn<() => void>()
  const both = [workplace.watch(tab, true).then(done), workplace.watch(tab, true).then(done)]
  await vi.advanceTimersByTimeAsync(0)
  expect(page.cdps[0]?.asked).toEqual([['Page.enable', undefined]])
  expect(done).not.toHaveBeenCalled()
  enabled.resolve({})
  await Promise.all(both)
  expect(page.cdps).toHaveLength(1)
})

it('a tab that could not be listened to is listened to with the next call', async () => {
  const { session, tabs } = house()
  const [{ tab, page }] = tabs
  page.makes = async (cdp) => void (cdp.answers = () => Promise.reject(new Error('Not attached to an active page')))
  const workplace = workplaceOf(session, 'a')
  await expect(workplace.watch(tab, true)).rejects.toThrow('Not attached')
  expect(page.cdps[0]?.detached).toBe(true)
  page.makes = () => Promise.resolve()
  await workplace.watch(tab, true)
  expect(page.cdps.map(({ asked, detached }) => [asked.length, detached])).toEqual([
    [1, true],
    [1, false],
  ])
})

it('an agent that goes away while it begins to listen to a tab leaves nothing attached to it', async () => {
  const { session, tabs, clock } = house()
  const [{ tab, page }] = tabs
  const made = Promise.withResolvers<void>()
  page.makes = () => made.promise
  const watching = workplaceOf(session, 'a').watch(tab, true)
  clock.advance(minutes(2))
  session.leases.expire()
  workplaceOf(session, 'b')
  made.resolve()
  await watching
  expect(page.cdps.map(({ detached }) => detached)).toEqual([true])
})

it('a tab that hangs is not waited for: its dialogs are told by the browser', async () => {
  const { session, tabs } = house()
  const [{ tab, page }] = tabs
  page.makes = async (cdp) => void (cdp.answers = () => new Promise(() => undefined))
  const workplace = workplaceOf(session, 'a')
  const watching = workplace.watch(tab, true)
  await vi.advanceTimersByTimeAsync(minutes(1))
  await watching
  page.cdps[0]?.emit('Page.javascriptDialogOpening', { type: 'confirm', message: 'Release?' })
  expect(workplace.dialog).toMatchObject({ kind: 'confirm', message: 'Release?' })
})

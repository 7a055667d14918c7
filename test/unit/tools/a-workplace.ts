/** Agents at work in a session whose browser is faked; leases, dialogs and the queue of actions are the real ones. */
import { EventEmitter } from 'node:events'
import type { Page } from 'puppeteer-core'
import { vi } from 'vitest'
import type { KnownPage } from '../../../server/browsers/page/page-registry.ts'
import type { Session } from '../../../server/browsers/session/session.ts'
import { ownerStanding } from '../../../server/http/rights.ts'
import type { AgentCall, BrowserAccess } from '../../../server/tools/browsers/access.ts'
import { testClock, type TestClock } from '../../fakes/kernel.ts'
import { readySession } from '../browsers/session/a-session.ts'

/** Of a protocol session: what is heard and asked of it. */
export class FakeCdp extends EventEmitter {
  readonly asked: [method: string, parameters: unknown][] = []
  detached = false
  /** What the browser answers; at once and nothing when left out. */
  answers: (method: string) => Promise<unknown> = () => Promise.resolve({})

  send(method: string, parameters?: unknown): Promise<unknown> {
    this.asked.push([method, parameters])
    return this.answers(method)
  }

  detach(): Promise<void> {
    this.detached = true
    return Promise.resolve()
  }
}

export class FakePage extends EventEmitter {
  /** Those that were made, the oldest first. */
  readonly cdps: FakeCdp[] = []
  /** What becomes of the next one before it is there. */
  makes: (cdp: FakeCdp) => Promise<unknown> = () => Promise.resolve()

  async createCDPSession(): Promise<FakeCdp> {
    const cdp = new FakeCdp()
    this.cdps.push(cdp)
    await this.makes(cdp)
    return cdp
  }

  isClosed = (): boolean => false
  url = (): string => 'http://site.test/'
  title = (): Promise<string> => Promise.resolve('')
}

export interface FakedTab {
  tab: KnownPage
  page: FakePage
}

export interface FakedHouse {
  clock: TestClock
  session: Session
  tabs: readonly [FakedTab, FakedTab]
  service: BrowserAccess
  call(actor: string): AgentCall
}

export function house(): FakedHouse {
  const clock = testClock()
  const { session } = readySession(clock)
  const tabs = [fakeTab('one'), fakeTab('two')] as const
  vi.spyOn(session.pages, 'list').mockImplementation(() => tabs.map(({ tab }) => tab))
  vi.spyOn(session.pages, 'active').mockImplementation(() => tabs[0].tab)
  const service = { list: () => [session], whenOpen: () => Promise.resolve() } as unknown as BrowserAccess // of the service, what an action asks
  return {
    ...{ clock, session, tabs, service },
    call: (actor) => ({ actor, standing: ownerStanding, signal: new AbortController().signal, has: () => true }),
  }
}

function fakeTab(id: string): FakedTab {
  const page = new FakePage()
  return { page, tab: { id, url: page.url(), title: '', page: page as unknown as Page } } // of a page, what an action asks and hears
}

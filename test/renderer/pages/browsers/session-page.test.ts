import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import SessionPage from '../../../../renderer/pages/browsers/session/session-page.vue'
import { peopleWords } from '../../../../renderer/pages/browsers/session/people-words.ts'
import { fitting, nextStep } from '../../../../renderer/pages/browsers/session/view-zoom.ts'
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { session } from './sample-session.ts'

const pages = [
  { id: 'A1', url: 'http://portal.example/containers', title: 'Containers', active: true },
  { id: 'B2', url: 'http://portal.example/booking/7', title: 'Booking 7', active: false },
]

function serving(shown: BrowserSession): FakeTransport {
  return standardServer()
    .on('GET /browsers/v1/browser-sessions', () => ({ sessions: [shown], capacity: 10, nextEvicted: null, spareReady: false }))
    .on(`GET /browsers/v1/browser-sessions/${shown.id}`, () => ({ session: shown, events: [] }))
}

describe('a session opened large', () => {
  let mounted: MountedPage | null = null
  beforeEach(() => localStorage.clear())
  afterEach(() => mounted?.unmount())
  const open = async (shown: BrowserSession, server = serving(shown)): Promise<MountedPage> => {
    mounted = await mountPage(SessionPage, { server, path: `/browsers/${shown.id}` })
    return mounted
  }
  const sent = (server: FakeTransport, method: string): string[] =>
    server.requests.filter((request) => request.method === method).map(({ path }) => path)

  it('says whose it is, its pages, which one is in front, and where that is', async () => {
    const page = await open(session({ pages }))
    for (const words of ['user1', 'harbor-gate', 'Ready', '184 MB', 'Containers', 'Booking 7']) expect(page.text()).toContain(words)
    expect(document.querySelector('[aria-pressed=true]')?.textContent).toContain('Containers')
    expect(document.querySelector<HTMLInputElement>('input[aria-label=Address]')?.value).toBe('http://portal.example/containers')
  })

  it('opens a page, closes the one named, and moves the one in front', async () => {
    const shown = session({ pages })
    const base = `/browsers/v1/browser-sessions/${shown.id}`
    const server = serving(shown)
      .on(`POST ${base}/pages`, () => reply(201, { page: 'C3' }))
      .on(`DELETE ${base}/pages/B2`, () => reply(204))
      .on(`POST ${base}/navigate`, () => reply(204))
    const page = await open(shown, server)
    await page.click('New page')
    await page.click('Close page Booking 7')
    await page.click('Forward')
    expect(sent(server, 'POST')).toEqual([`${base}/pages`, `${base}/navigate`])
    expect(sent(server, 'DELETE')).toEqual([`${base}/pages/B2`])
  })

  it('asks before it closes, naming whose session that is, and then leads back to all of them', async () => {
    const shown = session()
    const server = serving(shown).on(`DELETE /browsers/v1/browser-sessions/${shown.id}`, () => reply(204))
    const page = await open(shown, server)
    await page.click('Close session of user1')
    expect(sent(server, 'DELETE')).toEqual([])
    ;[...document.querySelectorAll<HTMLButtonElement>('[role=dialog] button')]
      .find(({ textContent }) => textContent?.includes('user1'))
      ?.click()
    await settle()
    expect(sent(server, 'DELETE')).toHaveLength(1)
    expect(page.router.currentRoute.value.path).toBe('/browsers')
  })

  it('folds its panel away and remembers that', async () => {
    const page = await open(session())
    await page.click('Fold the panel')
    expect(document.querySelector('aside[aria-label="About this session"]')).toBeNull()
    page.unmount()
    const again = await open(session())
    await again.click('Unfold the panel')
    expect(document.querySelector('aside[aria-label="About this session"]')).not.toBeNull()
  })

  it('offers to restart one that does not answer, and leads to the one that takes its place', async () => {
    const shown = session({ state: 'not-responding', reason: 'It has not answered for 20 s' })
    const next = session({ id: 'session_1795246250_3886465174-b', state: 'starting' })
    const server = serving(shown).on(`POST /browsers/v1/browser-sessions/${shown.id}/restart`, () =>
      reply(202, { session: next, isNew: true }),
    )
    const page = await open(shown, server)
    expect(page.text()).toContain('It has not answered for 20 s')
    await page.click('Restart')
    expect(page.router.currentRoute.value.path).toBe(`/browsers/${next.id}`)
  })

  it('offers nothing that needs a browser when the browser is gone, and tells a lost one with a kept login as that', async () => {
    const page = await open(session({ state: 'hibernated', endReason: 'crashed', reason: 'The browser ended: killed by SIGKILL' }))
    expect(page.text()).toContain('Its browser was lost, its login is kept.')
    expect(page.text()).not.toContain('The browser ended')
    const controls = [...document.querySelectorAll('button, input')].map((one) => one.getAttribute('aria-label') ?? one.textContent?.trim())
    expect(controls).toContain('Wake')
    for (const name of ['Address', 'Back', 'New page', 'Screenshot', 'Take over']) expect(controls).not.toContain(name)
  })

  it('has a window of its own for the page: no way back, and the panel when it is asked for', async () => {
    const shown = session({ pages })
    mounted = await mountPage(SessionPage, { server: serving(shown), path: `/browsers/${shown.id}?window=1` })
    expect(document.querySelector('[aria-label="Back to all sessions"]')).toBeNull()
    expect(document.querySelector('aside[aria-label="About this session"]')).toBeNull()
    await mounted.click('Unfold the panel')
    expect(document.querySelector('aside[aria-label="About this session"]')).not.toBeNull()
  })

  it('says that there is no such session', async () => {
    const page = await open(session(), standardServer())
    expect(page.text()).toContain('There is no such session')
  })
})

describe('the line under the picture', () => {
  const lease = { id: 'lease_1', holder: 'billing-export', startedAt: '2026-11-21T07:30:00.000Z', expiresAt: '2026-11-21T07:31:00.000Z' }
  const view = (name: string) => ({ kind: 'view', name }) as const

  it('says who uses the session, who waits while somebody drives, and who looks on beside this window', () => {
    const clients = [view('owner'), view('key:desk-2'), { kind: 'program', name: 'nightly-check' } as const]
    expect(peopleWords({ leases: [lease], clients, control: 'nobody' })).toBe('billing-export, nightly-check use it · desk-2 watches')
    expect(peopleWords({ leases: [lease], clients: [view('owner'), view('owner')], control: 'you' })).toBe(
      'billing-export waits · another window watches',
    )
    expect(peopleWords({ leases: [], clients: [view('owner')], control: 'you' })).toBe('Click and type in the picture')
  })
})

describe('the size of the picture', () => {
  it('fits the smaller side of its room, and steps from there', () => {
    expect(fitting({ width: 1_000, height: 500 }, { width: 500, height: 500 })).toBe(0.5)
    expect(fitting({ width: 1_000, height: 500 }, { width: 2_000, height: 250 })).toBe(0.5)
    expect([nextStep(0.71, 1), nextStep(0.71, -1), nextStep(2, 1), nextStep(0.2, -1)]).toEqual([0.75, 0.67, 2, 0.2])
  })
})

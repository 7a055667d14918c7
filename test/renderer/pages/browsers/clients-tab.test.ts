import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import SessionPage from '../../../../renderer/pages/browsers/session/session-page.vue'
import type { BrowserSession } from '../../../../server/browsers/contract/index.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { session } from './sample-session.ts'

const at = '2026-11-26T12:00:00.000Z'
const clients: BrowserSession['clients'] = [
  { id: 'client_1', kind: 'program', name: 'billing-export', program: 'Puppeteer 25.1', state: 'waits', since: at, address: '10.0.4.21' },
  {
    id: 'client_2',
    kind: 'program',
    name: 'nightly-check',
    program: 'Playwright 1.65',
    state: 'attached',
    since: at,
    address: '127.0.0.1',
  },
  { id: 'client_3', kind: 'view', name: 'desk-2', program: null, state: 'watches', since: at, address: '10.0.4.12' },
]

describe('who is connected to a session', () => {
  let mounted: MountedPage | null = null
  beforeEach(() => localStorage.clear())
  afterEach(() => mounted?.unmount())

  async function open(shown: BrowserSession): Promise<{ page: MountedPage; server: FakeTransport }> {
    const base = `/browsers/v1/browser-sessions/${shown.id}`
    const server = standardServer()
      .on('GET /browsers/v1/browser-sessions', () => ({ sessions: [shown], capacity: 10, nextEvicted: null, spareReady: false }))
      .on(`GET ${base}`, () => ({ session: shown, events: [] }))
      .on(`DELETE ${base}/clients/client_2`, () => reply(204))
      .on(`POST ${base}/connect`, () =>
        reply(201, {
          ...{ connectUrl: 'ws://wheelhouse/cdp/once', httpUrl: 'http://wheelhouse/cdp/once', expiresAt: at },
          ...{ websocketUrl: 'ws://wheelhouse/cdp/once', browserWSEndpoint: 'ws://wheelhouse/cdp/once' },
        }),
      )
    mounted = await mountPage(SessionPage, { server, path: `/browsers/${shown.id}` })
    ;[...document.querySelectorAll('[role=tab]')]
      .find(({ textContent }) => textContent?.startsWith('Clients'))
      ?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, button: 0 }))
    await settle()
    return { page: mounted, server }
  }

  it('is told with what it is, where it calls from and what it waits for, and a program is ended alone', async () => {
    const { page, server } = await open(session({ clients }))
    for (const words of ['billing-export', 'Waits for you', 'Puppeteer 25.1', '10.0.4.21', 'Attached', 'desk-2', 'Watches', 'Live view'])
      expect(page.text()).toContain(words)
    await page.click('End nightly-check')
    await settle()
    expect(server.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path)).toEqual([
      expect.stringMatching(/\/clients\/client_2$/),
    ])
  })

  it('that is a view ended by hand does not come back by itself', async () => {
    const { page, server } = await open(session({ clients }))
    expect(document.querySelector('[aria-label="End desk-2"]')).not.toBeNull()
    const views = () => server.sockets.filter(({ path }) => path.endsWith('/view'))
    views()[0]?.dispatchEvent(Object.assign(new Event('close'), { code: 1_008 }))
    await settle()
    expect(page.text()).toContain('Somebody ended this view')
    expect(views()).toHaveLength(1)
    await page.click('Watch again')
    expect(views()).toHaveLength(2)
  })

  it('has the lines for one more program, filled in, with a key or with an address that needs none', async () => {
    const { page } = await open(session())
    expect(page.text()).toContain('No program is connected')
    expect(page.text()).toContain("browserWSEndpoint: 'ws://wheelhouse/cdp'")
    expect(page.text()).toContain('WHEELHOUSE_KEY')
    await page.click('Address without a key')
    await settle()
    expect(page.text()).toContain("browserWSEndpoint: 'ws://wheelhouse/cdp/once'")
    expect(page.text()).toContain('Whoever has it drives this session')
    expect(page.text()).not.toContain('WHEELHOUSE_KEY')
  })
})

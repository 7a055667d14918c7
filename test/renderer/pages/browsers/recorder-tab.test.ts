import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import SessionPage from '../../../../renderer/pages/browsers/session/session-page.vue'
import type { BrowserSession, CrashCard, RecorderEntry } from '../../../../server/browsers/contract/index.ts'
import type { FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { session } from './sample-session.ts'

const entry = (id: number, given: Partial<RecorderEntry>): RecorderEntry => ({
  id,
  at: '2026-11-26T12:00:00.000Z',
  category: 'requests',
  kind: 'request',
  tone: 'neutral',
  source: 'page',
  subject: 'GET /api/containers',
  detail: '184 ms',
  text: 'GET https://portal.example/api/containers answered 200 after 184 ms',
  facts: { status: 200 },
  ...given,
})
const failing = entry(2, { category: 'failed', kind: 'request-failed', tone: 'bad', subject: 'POST /api/lookup', detail: '502 · 3.0 s' })
const totals = { requests: 214, bytes: 8_100_000 }

function serving(shown: BrowserSession): FakeTransport {
  return standardServer()
    .on('GET /browsers/v1/browser-sessions', () => ({ sessions: [shown], capacity: 10, nextEvicted: null, spareReady: false }))
    .on(`GET /browsers/v1/browser-sessions/${shown.id}`, () => ({ session: shown, events: [] }))
    .on(`GET /browsers/v1/browser-sessions/${shown.id}/recorder`, () => ({
      entries: [failing, entry(1, {})],
      more: false,
      counts: { requests: 2, failed: 1 },
      totals,
      dropped: 0,
      pictures: [],
    }))
}

describe('the recorder beside a session', () => {
  let mounted: MountedPage | null = null
  beforeEach(() => localStorage.clear())
  afterEach(() => mounted?.unmount())
  const open = async (shown: BrowserSession, server = serving(shown)): Promise<MountedPage> => {
    mounted = await mountPage(SessionPage, { server, path: `/browsers/${shown.id}` })
    return mounted
  }

  it('lists what happened with counts and totals, follows it live, and says how many came too fast', async () => {
    const shown = session()
    const server = serving(shown)
    const page = await open(shown, server)
    for (const words of ['Request failed', 'POST /api/lookup', '502 · 3.0 s', 'All 2', 'Failed 1', '214 requests, 8 MB'])
      expect(page.text()).toContain(words)

    const tail = server.sockets.find(({ path }) => path.endsWith('/recorder/tail'))
    const lease = entry(3, {
      category: 'leases',
      kind: 'lease-taken',
      subject: 'nightly-check',
      detail: '',
      facts: { holder: 'nightly-check' },
    })
    tail?.say({ entries: [lease], skipped: 40, counts: { leases: 1, requests: 40 }, totals: { requests: 254, bytes: 9_000_000 } })
    await settle()
    for (const words of ['Lease taken', 'nightly-check', 'All 43', '40 more, show', '254 requests']) expect(page.text()).toContain(words)
    await page.click('Pause the list')
    tail?.say({ entries: [entry(4, { subject: 'GET /late' })], skipped: 0, counts: { requests: 1 }, totals })
    await settle()
    expect(page.text()).not.toContain('GET /late')
    expect(page.text()).toContain('41 more, show')
  })

  it('shows what is known of the line that is chosen', async () => {
    const page = await open(session())
    ;[...document.querySelectorAll('button')].find(({ textContent }) => textContent?.includes('GET /api/containers'))?.click()
    await settle()
    expect(page.text()).toContain('GET https://portal.example/api/containers answered 200 after 184 ms')
  })

  it('tells of a browser that died why, what it showed last and what was not answered', async () => {
    const shown = session({ state: 'closed', endReason: 'crashed', reason: 'killed by SIGKILL' })
    const card: CrashCard = {
      session: shown.id,
      username: 'user1',
      profile: 'harbor-gate',
      endedAt: '2026-11-26T12:00:00.000Z',
      endReason: 'crashed',
      cause: 'out-of-memory',
      explanation: '',
      reason: 'killed by SIGKILL',
      exit: { code: null, signal: 'SIGKILL' },
      lastWords: ['No space left'],
      memoryBytes: 900_000_000,
      processCount: 9,
      freeMemoryBytes: 40_000_000,
      openMs: 60_000,
      lastPage: { url: 'https://portal.example/holds', title: 'Holds' },
      lastEntries: [failing],
      unfinished: ['GET https://portal.example/export'],
      picture: null,
    }
    const server = serving(shown).on(`GET /browsers/v1/browser-sessions/${shown.id}/crash-card`, () => card)
    const page = await open(shown, server)
    for (const words of [
      'ran out of memory',
      'ended by SIGKILL',
      '900 MB in 9 processes',
      'Holds',
      'GET https://portal.example/export',
      'No space left',
    ])
      expect(page.text()).toContain(words)
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import BrowsersPage from '../../../../renderer/pages/browsers/browsers-page.vue'
import type { BrowserSession, ChromiumState, RoomView, SessionEvent } from '../../../../server/browsers/contract/index.ts'
import { refusal, reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { session } from './sample-session.ts'

const at = '2026-11-21T07:30:00.000Z'

const chromium: ChromiumState = {
  state: 'ready',
  path: '/usr/bin/chromium',
  version: '156.0.1.2',
  source: 'system',
  sandbox: true,
  message: null,
  progress: null,
  searched: [],
}

function serving(
  sessions: BrowserSession[],
  { capacity = 10, nextEvicted = null as string | null, room = null as RoomView | null } = {},
): FakeTransport {
  return standardServer()
    .on('GET /browsers/v1/browser-sessions', () => ({ sessions, capacity, nextEvicted, room, spareReady: false }))
    .on('GET /browsers/v1/chromium', () => chromium)
}

const two = [
  session(),
  session({
    id: 'session_1795246250_3886465174-b',
    username: 'user2',
    state: 'needs-you',
    reason: 'The site asks for a code',
    currentUrl: 'http://portal.example/verify',
  }),
]

describe('the browsers page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('explains the first step when there is none, with the request for it', async () => {
    mounted = await mountPage(BrowsersPage, { server: serving([]) })
    expect(mounted.text()).toContain('Log in once, keep the browser')
    expect(mounted.text()).toContain('/get_session')
    expect(mounted.text()).toContain('Chromium 156.0.1.2 found')
  })

  it('lists sessions with their state in words, and how many there may be', async () => {
    mounted = await mountPage(BrowsersPage, { server: serving(two) })
    for (const words of ['user1', 'Ready', 'user2', 'Needs you', '184 MB', '2 of 10 live']) expect(mounted.text()).toContain(words)
    expect(mounted.text()).not.toContain('At capacity')
  })

  it('shows below them those that sleep, wakes one, offers a sign-in for what has run out, and asks before it forgets', async () => {
    const since = new Date(Date.now() - 22 * 60_000).toISOString()
    const asleep = {
      since,
      bytes: 3_100_000,
      tabs: 1,
      loginGoodUntil: null,
      loginGoodUntilBy: null,
      expired: false,
      forgottenAt: since,
      leftOut: [],
    }
    const sleeping = (id: string, username: string, changes: Partial<NonNullable<BrowserSession['asleep']>> = {}) =>
      session({ id, username, state: 'hibernated', memoryBytes: null, asleep: { ...asleep, ...changes } })
    const [good, over] = [
      sleeping('session_1795246251_1-c', 'gate-day'),
      sleeping('session_1795246252_1-d', 'gate-night', { expired: true, loginGoodUntil: since, loginGoodUntilBy: 'harbor_session' }),
    ]
    const server = serving([...two, good, over])
      .on(`POST /browsers/v1/browser-sessions/${good.id}/wake`, () => ({ session: { ...good, state: 'starting', asleep: null } }))
      .on(`DELETE /browsers/v1/browser-sessions/${over.id}`, () => reply(204, null))
    mounted = await mountPage(BrowsersPage, { server })
    for (const words of [
      '2 of 10 live',
      '2 asleep',
      'Hibernated',
      '22 min',
      '3.1 MB',
      'As long as the site keeps it',
      'Expired about',
      '6 MB asleep',
    ])
      expect(mounted.text()).toContain(words)
    const group = () => document.querySelector('section[aria-label="Sessions that sleep"]')
    expect(group()?.innerHTML).toContain('An estimate: its cookie harbor_session ends then')
    await mounted.click('Wake')
    expect(server.sent(`POST /browsers/v1/browser-sessions/${good.id}/wake`)).toHaveLength(1)
    expect(group()?.textContent).not.toContain('gate-day')
    await mounted.click('Forget gate-night')
    expect(mounted.text()).toContain('Forget the login of gate-night?')
    await mounted.click('Forget login of gate-night')
    expect(server.sent(`DELETE /browsers/v1/browser-sessions/${over.id}`)).toHaveLength(1)
    expect(group()).toBeNull()
  })

  it('says at capacity who would have to go', async () => {
    mounted = await mountPage(BrowsersPage, { server: serving(two, { capacity: 2, nextEvicted: two[0]?.id ?? null }) })
    expect(mounted.text()).toContain('user1, used least recently, falls asleep for the next session')
  })

  it('says for how many more there is room, or who would have to go', async () => {
    const room: RoomView = {
      ...{
        places: 10,
        freePlaces: 8,
        limitBytes: 4_000_000_000,
        usedBytes: 368_000_000,
        freeBytes: 1_200_000_000,
        reserveBytes: 300_000_000,
      },
      ...{ averageBytes: 360_000_000, measured: true, roomFor: 3, fullBecause: null, firstLeaseEndsAt: null },
    }
    mounted = await mountPage(BrowsersPage, { server: serving(two, { room }) })
    for (const words of ['Room for 3 more: 1.2 GB free', 'about 360 MB here', '368 MB in 2 sessions', 'of 4.0 GB for browsers'])
      expect(mounted.text()).toContain(words)
    mounted.unmount()
    const full: RoomView = { ...room, freeBytes: 90_000_000, roomFor: 0, fullBecause: 'memory' }
    mounted = await mountPage(BrowsersPage, { server: serving(two, { room: full, nextEvicted: two[1]?.id ?? null }) })
    for (const words of ['No room: 90 MB free', 'The next one closes user2']) expect(mounted.text()).toContain(words)
  })

  it('filters by what is typed, and offers the way back when nothing matches', async () => {
    mounted = await mountPage(BrowsersPage, { server: serving(two) })
    const filter = document.querySelector<HTMLInputElement>('input[aria-label="Filter sessions"]')
    if (filter === null) throw new Error('no filter')
    const type = async (text: string): Promise<void> => {
      filter.value = text
      filter.dispatchEvent(new Event('input', { bubbles: true }))
      await settle()
    }
    await type('VERIFY')
    expect(mounted.text()).toContain('user2')
    expect(mounted.text()).not.toContain('user1')
    await type('nobody')
    await mounted.click('Show all')
    expect(mounted.text()).toContain('user1')
  })

  it('closes several after naming how many, and those only', async () => {
    const server = serving(two)
    for (const { id } of two) server.on(`DELETE /browsers/v1/browser-sessions/${id}`, () => reply(204))
    mounted = await mountPage(BrowsersPage, { server })
    for (const box of document.querySelectorAll<HTMLElement>('td [role=checkbox]')) box.click()
    await settle()
    await mounted.click('Close 2 sessions')
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false)
    const confirm = [...document.querySelectorAll<HTMLButtonElement>('[role=dialog] button')].find((button) =>
      button.textContent?.includes('Close 2 sessions'),
    )
    confirm?.click()
    await settle()
    expect(
      server.requests
        .filter(({ method }) => method === 'DELETE')
        .map(({ path }) => path.split('/').at(-1))
        .toSorted(),
    ).toEqual(two.map(({ id }) => id))
    expect(mounted.text()).toContain('Log in once, keep the browser')
  })

  it('keeps what was typed and says why when a session cannot be opened', async () => {
    const server = serving([]).on('GET /control/v1/site-profiles', () => ({
      profiles: [
        {
          name: 'emodal',
          title: 'Portal',
          kind: 'form',
          address: 'http://portal.example',
          form: null,
          captcha: null,
          success: null,
          failure: null,
          loginTimeout: 60_000,
          refresh: null,
          operations: {},
          builtIn: true,
        },
      ],
    }))
    server.on('POST /browsers/v1/browser-sessions', () => refusal(409, 'no-capacity', 'All 10 sessions are in use'))
    mounted = await mountPage(BrowsersPage, { server })
    const [username, password] = document.querySelectorAll<HTMLInputElement>('form input:not([aria-hidden])')
    for (const [field, text] of [
      [username, 'user1'],
      [password, 'secret'],
    ] as const) {
      if (field === undefined) throw new Error('no field')
      field.value = text
      field.dispatchEvent(new Event('input', { bubbles: true }))
    }
    await settle()
    await mounted.click('Open session')
    expect(mounted.text()).toContain('All 10 sessions are in use')
    expect(server.sent('POST /browsers/v1/browser-sessions')).toMatchObject([{ profile: 'emodal', username: 'user1', password: 'secret' }])
    expect(username?.value).toBe('user1')
  })

  it('shows beside a session whether its login holds, and why it could not be made again', async () => {
    const again = session({
      state: 'starting',
      lastRefresh: { at, ok: true, message: 'Logged in again, because the site shows its login form' },
    })
    const lost = session({
      id: 'session_1795246250_3886465174-b',
      state: 'starting',
      lastRefresh: {
        at,
        ok: false,
        message:
          'The login is gone, because the site answers with status 401; the new one failed: The site refused the login: Wrong password',
      },
    })
    const server = serving([again, lost])
    for (const each of [again, lost]) server.on(`GET /browsers/v1/browser-sessions/${each.id}`, () => ({ session: each, events: [] }))
    mounted = await mountPage(BrowsersPage, { server, path: `/?session=${again.id}` })
    expect(login()).toMatch(/^Login holds.*Logged in again, because the site shows its login form/)
    await mounted.router.replace({ query: { session: lost.id } })
    await settle()
    expect(login()).toMatch(/^Login in doubt.*status 401; the new one failed: The site refused the login: Wrong password/)
  })

  it('shows what happened in a session, the newest first, in words of its own and else in those of the server', async () => {
    const shown = session()
    const events: SessionEvent[] = [
      { id: 1, at, kind: 'sign-in', tone: 'neutral', text: 'Opening a.test', facts: { step: 'opening', host: 'portal.example' } },
      { id: 2, at, kind: 'session-sang', tone: 'good', text: 'The session sang', facts: {} },
    ]
    const server = serving([shown]).on(`GET /browsers/v1/browser-sessions/${shown.id}`, () => ({ session: shown, events }))
    mounted = await mountPage(BrowsersPage, { server, path: `/?session=${shown.id}` })
    const lines = [...document.querySelectorAll('section[aria-label=Events] li')].map((line) => line.lastElementChild?.textContent)
    expect(lines).toEqual(['The session sang', 'Opening portal.example'])
  })

  it('says that no Chromium was found and where to get one', async () => {
    const server = serving([]).on('GET /browsers/v1/chromium', () => ({
      ...chromium,
      state: 'missing',
      path: null,
      version: null,
      message: 'Nothing usable in 14 places',
    }))
    mounted = await mountPage(BrowsersPage, { server })
    expect(mounted.text()).toContain('No Chromium was found')
    expect(mounted.text()).toContain('Choose or install')
  })
})

const login = (): string => document.querySelector('section[aria-label=Login]')?.textContent?.trim() ?? ''

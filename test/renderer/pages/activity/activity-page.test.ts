import { afterEach, describe, expect, it } from 'vitest'
import ActivityPage from '../../../../renderer/pages/activity/activity-page.vue'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { event } from '../../support/samples.ts'

describe('the activity page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  const page = (from: number, count: number) => Array.from({ length: count }, (_, index) => event(from - index))

  it('reads the trail page by page, each before the last one shown', async () => {
    const server = standardServer().on('GET /control/v1/audit', ({ query }) =>
      query?.['before'] === undefined ? { events: page(30, 20), more: true } : { events: page(10, 10), more: false },
    )
    mounted = await mountPage(ActivityPage, { server })
    expect(mounted.text()).toContain('20 of many events')
    await mounted.click('Load earlier events')
    expect(server.requests.filter(({ path }) => path === '/control/v1/audit').at(-1)?.query).toMatchObject({ before: 11 })
    expect(mounted.text()).toContain('30 events')
    expect(mounted.text()).not.toContain('Load earlier events')
  })

  it('puts matching new events on top while it follows, and counts them while it does not', async () => {
    const server = standardServer().on('GET /control/v1/audit', () => ({ events: page(5, 5), more: false }))
    mounted = await mountPage(ActivityPage, { server })
    server.socket.say({ type: 'event', event: event(6, { title: 'Lease taken' }) })
    await settle()
    expect(mounted.text()).toContain('Lease taken')

    document.querySelector<HTMLButtonElement>('[role=switch]')?.click()
    await settle()
    server.socket.say({ type: 'event', event: event(7, { title: 'Key revoked' }) })
    await settle()
    expect(mounted.text()).not.toContain('Key revoked')
    expect(mounted.text()).toContain('Show 1 new')
  })

  it('opens one event with all its facts', async () => {
    const server = standardServer().on('GET /control/v1/audit', () => ({
      events: [event(9, { data: { container: 'ABCU1234567' } })],
      more: false,
    }))
    mounted = await mountPage(ActivityPage, { server })
    document.querySelector<HTMLElement>('tbody tr')?.click()
    await settle()
    const detail = document.querySelector('aside[aria-label=Event]')
    expect(detail?.textContent).toContain('session-opened')
    expect(detail?.textContent).toContain('ABCU1234567')
  })

  it('explains itself when nothing has happened', async () => {
    mounted = await mountPage(ActivityPage)
    expect(mounted.text()).toContain('Nothing has happened yet')
  })

  it('says why when the trail cannot be read, and tries again', async () => {
    const server = standardServer().on('GET /control/v1/audit', () => Promise.reject(new Error('The disk is full')))
    mounted = await mountPage(ActivityPage, { server })
    expect(mounted.text()).toContain('The disk is full')
    server.on('GET /control/v1/audit', () => ({ events: page(1, 1), more: false }))
    await mounted.click('Try again')
    expect(mounted.text()).toContain('Session opened')
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import OverviewPage from '../../../../renderer/pages/overview/overview-page.vue'
import { useApis } from '../../../../renderer/stores/apis.ts'
import { useEvents } from '../../../../renderer/stores/events.ts'
import { reply } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { api, controlApi, event, overview } from '../../support/samples.ts'

const since = '2026-11-21T07:00:00.000Z'

describe('the overview', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('shows each room’s number and rate, and the last events as they come', async () => {
    const server = standardServer()
    mounted = await mountPage(OverviewPage, { server })
    expect(document.querySelector('[data-room=browsers]')?.textContent).toContain('10')
    expect(mounted.text()).toContain('212')
    server.socket.say({ type: 'event', event: event(1, { title: 'Lease taken', subject: 'billing' }) })
    await settle()
    expect(mounted.text()).toContain('Lease taken')
    expect(useEvents().latest).toHaveLength(1)
  })

  it('leads the first minute when nothing was ever done', async () => {
    const server = standardServer().on('GET /control/v1/overview', () =>
      overview({
        rooms: [
          {
            room: 'browsers',
            count: 0,
            unit: 'of 10',
            text: 'No browser is open',
            facts: { open: 0, most: 10, inUse: 0 },
            rateTitle: 'Calls',
            ratePer: 's',
            rate: 0,
            series: [null],
            worst: null,
          },
        ],
      }),
    )
    mounted = await mountPage(OverviewPage, { server })
    expect(mounted.text()).toContain('First steps')
    expect(mounted.text()).toContain('http://127.0.0.1:5010/get_session')
    await mounted.click('Open session')
    expect(mounted.router.currentRoute.value.fullPath).toBe('/browsers?open')
  })

  it('says that all is well when nothing wants a person', async () => {
    mounted = await mountPage(OverviewPage)
    expect(mounted.text()).toContain('All is well')
  })

  it('moves an API to the free port from inside the attention list', async () => {
    const taken = api({ state: 'port-in-use', port: null, freePort: 5011 })
    const server = standardServer()
      .on('GET /control/v1/apis', () => ({ apis: [controlApi(), taken] }))
      .on('GET /control/v1/overview', () =>
        overview({
          attention: [
            {
              id: 'a',
              room: 'browsers',
              kind: 'port-taken',
              facts: { api: 'browsers', port: 5010, meanwhile: '', error: '' },
              tone: 'attention',
              title: 'Port 5010 is used by another program',
              text: '',
              since,
              action: 'use-free-port',
              subject: 'browsers',
            },
          ],
        }),
      )
      .on('PATCH /control/v1/apis/browsers', () => api({ port: 5011 }))
    mounted = await mountPage(OverviewPage, { server })
    server.on('GET /control/v1/overview', () => overview())
    await mounted.click('Use port 5011')
    expect(server.sent('PATCH /control/v1/apis/browsers')).toEqual([{ port: 5011 }])
    expect(useApis().byName('browsers')?.port).toBe(5011)
    expect(mounted.text()).toContain('All is well')
  })

  it('says on its card that a room is set aside, and tries it again from the attention list', async () => {
    const server = standardServer()
      .on('GET /control/v1/apis', () => ({ apis: [controlApi(), api({ standing: 'down' })] }))
      .on('GET /control/v1/overview', () =>
        overview({
          attention: [
            {
              id: 'room:browsers',
              room: 'browsers',
              kind: 'room-down',
              facts: { room: 'browsers', reason: 'it failed 4 times' },
              tone: 'bad',
              title: 'Browsers cannot be served',
              text: 'it failed 4 times',
              since,
              action: 'restart-room',
              subject: 'browsers',
            },
          ],
        }),
      )
      .on('POST /control/v1/rooms/browsers/restart', () => reply(204))
    mounted = await mountPage(OverviewPage, { server })
    expect(mounted.text()).toContain('Set aside')
    server.on('GET /control/v1/overview', () => overview())
    await mounted.click('Try again')
    expect(server.sent('POST /control/v1/rooms/browsers/restart')).toHaveLength(1)
    expect(mounted.text()).toContain('All is well')
  })

  it('leads from every trouble to where it can be looked into', async () => {
    const item = { kind: 'of-another-version', facts: {}, tone: 'attention' as const, text: '', since, action: null }
    const server = standardServer().on('GET /control/v1/overview', () =>
      overview({
        attention: [
          { ...item, id: 'dead', room: 'brokers', title: '6 dead letters in orders-prod', subject: 'orders-prod' },
          { ...item, id: 'out', room: 'bots', title: 'gate was logged out', subject: 'gate' },
          { ...item, id: 'mqtt', room: 'brokers', title: 'MQTT port is not open', subject: null, action: 'review-settings' },
        ],
      }),
    )
    mounted = await mountPage(OverviewPage, { server })
    await mounted.click('Review')
    expect(mounted.router.currentRoute.value.fullPath).toBe('/brokers?session=orders-prod')
    await mounted.click('Details')
    expect(mounted.router.currentRoute.value.fullPath).toBe('/bots?bot=gate')
    await mounted.click('Change port')
    expect(mounted.router.currentRoute.value.fullPath).toBe('/settings/network')
  })

  it('leads from a session that needs a person to taking it over', async () => {
    const server = standardServer().on('GET /control/v1/overview', () =>
      overview({
        attention: [
          {
            id: 'a',
            room: 'browsers',
            kind: 'of-another-version',
            facts: {},
            tone: 'attention',
            title: 'customs-desk is asked for a code',
            text: '',
            since,
            action: 'take-over',
            subject: 'session_1795268412_4071962835',
          },
        ],
      }),
    )
    mounted = await mountPage(OverviewPage, { server })
    await mounted.click('Take over')
    expect(mounted.router.currentRoute.value.query).toMatchObject({ session: 'session_1795268412_4071962835' })
  })
})

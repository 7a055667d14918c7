import { afterEach, describe, expect, it } from 'vitest'
import NetworkSection from '../../../../renderer/pages/settings/network-section.vue'
import RangesCard from '../../../../renderer/pages/settings/ranges-card.vue'
import { useSettings } from '../../../../renderer/stores/settings.ts'
import type { ApiView } from '../../../../server/control/contract/index.ts'
import { refusal } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { api, controlApi, exposedApi, settingsView } from '../../support/samples.ts'

describe('the network settings', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  async function open(browsers: ApiView, server = standardServer()) {
    server.on('GET /control/v1/apis', () => ({ apis: [controlApi(), browsers] }))
    mounted = await mountPage(NetworkSection, { server })
    await useSettings().refresh()
    await settle()
    return { mounted, server }
  }

  it('offers the next free port where a port is taken', async () => {
    const { mounted: page, server } = await open(
      api({ state: 'port-in-use', port: null, freePort: 5011, error: 'Port 5010 is used by another program' }),
    )
    server.on('PATCH /control/v1/apis/browsers', ({ body }) =>
      api({ configuredPort: (body as { port: number }).port, port: 5011, url: 'http://127.0.0.1:5011' }),
    )
    expect(page.text()).toContain('Port in use')
    await page.click('Use 5011')
    expect(server.sent('PATCH /control/v1/apis/browsers')).toEqual([{ port: 5011 }])
    expect(page.text()).toContain('127.0.0.1:5011')
  })

  it('opens an API to the LAN with a key by one switch, and shows its addresses with a code to scan', async () => {
    const { mounted: page, server } = await open(api())
    server.on('PATCH /control/v1/apis/browsers', () => api({ openTo: 'lan', lanUrls: ['http://192.168.1.20:5010'] }))
    expect(page.text()).toContain('browsers answers this machine only')
    await page.click('Open browsers to the LAN')
    expect(server.sent('PATCH /control/v1/apis/browsers')).toEqual([{ openTo: 'lan' }])
    expect(page.text()).toContain('http://192.168.1.20:5010')
    expect(document.querySelector('svg[role=img][aria-label="QR code of http://192.168.1.20:5010"]')).not.toBeNull()
    expect(page.text()).not.toContain('Anyone on your network')
  })

  it('stays red while an API is open without a key, with both ways back', async () => {
    const { mounted: page, server } = await open(exposedApi())
    server.on('PATCH /control/v1/apis/browsers', () => api({ openTo: 'lan', lanUrls: ['http://192.168.1.20:5010'] }))
    expect(document.querySelector('[role=alert]')?.textContent).toContain('Anyone on your network can use browsers')
    expect(page.text()).toContain('Open to all')
    await page.click('Ask for a key again')
    expect(server.sent('PATCH /control/v1/apis/browsers')).toEqual([{ insecureNoKey: false }])
    expect(document.querySelector('[role=alert]')).toBeNull()
  })

  it('opens MQTT over TCP on its usual port by one switch, and closes it again', async () => {
    const { mounted: page, server } = await open(api())
    server.on('PATCH /control/v1/settings', ({ body }) =>
      settingsView({ settings: { ...settingsView().settings, brokers: (body as { brokers: { mqttPort: number | 'off' } }).brokers } }),
    )
    expect(document.querySelector('[aria-label="Port of MQTT over TCP"]')).toBeNull()
    await page.click('MQTT over TCP')
    expect(server.sent('PATCH /control/v1/settings')).toEqual([{ brokers: { mqttPort: 1_883 } }])
    expect(document.querySelector<HTMLInputElement>('[aria-label="Port of MQTT over TCP"]')?.value).toBe('1883')
    await page.click('MQTT over TCP')
    expect(server.sent('PATCH /control/v1/settings').at(-1)).toEqual({ brokers: { mqttPort: 'off' } })
  })

  it('names the proxies that are trusted and what that means, and takes one away again', async () => {
    const { mounted: page, server } = await open(api())
    expect(page.text()).toContain('Trusted proxies')
    expect(page.text()).not.toContain('is believed to be whom they say')
    server.on('GET /control/v1/settings', () => settingsView({ settings: { ...settingsView().settings, trustedProxies: ['10.0.0.2'] } }))
    await useSettings().refresh()
    await settle()
    expect(page.text()).toContain('10.0.0.2')
    expect(page.text()).toContain('Whoever calls from these addresses is believed to be whom they say.')
    server.on('PATCH /control/v1/settings', () => settingsView())
    document.querySelector<HTMLButtonElement>('[data-slot="itemDelete"]')?.click()
    await settle()
    expect(server.sent('PATCH /control/v1/settings')).toEqual([{ trustedProxies: [] }])
    expect(page.text()).not.toContain('is believed to be whom they say')
  })

  it('names the networks that callers may send it to, takes one address as a network of one, and says what that means', async () => {
    const { mounted: page, server } = await open(api())
    expect(page.text()).toContain('Networks within reach')
    expect(page.text()).not.toContain('reaches what stands in these networks')
    const sent = ['192.168.1.0/24', '10.0.0.7/32', 'fd00::7/128']
    server.on('PATCH /control/v1/settings', () =>
      settingsView({ settings: { ...settingsView().settings, network: { allowedRanges: sent } } }),
    )
    page.page
      .findComponent(RangesCard)
      .findComponent({ name: 'InputTags' })
      .vm.$emit('update:modelValue', ['192.168.1.0/24', ' 10.0.0.7 ', 'fd00::7', ''])
    await settle()
    expect(server.sent('PATCH /control/v1/settings')).toEqual([{ network: { allowedRanges: sent } }])
    expect(page.text()).toContain('reaches what stands in these networks')
  })

  it('names the routes that stay public whatever is asked', async () => {
    const { mounted: page } = await open(exposedApi())
    expect(page.text()).toContain('What stays open, with or without a key')
    expect(page.text()).toContain('/health')
    expect(page.text()).toContain('The other 14 routes')
  })

  it('says who fixes a port and offers no way to change it, while the rest stays open to change', async () => {
    const { mounted: page } = await open(api({ fixedBy: '--browsers-port' }))
    expect(page.text()).toContain('--browsers-port')
    expect(document.querySelector<HTMLInputElement>('[aria-label="Port of browsers"]')?.disabled).toBe(true)
    expect(document.querySelector<HTMLButtonElement>('[aria-label="Open browsers to the LAN"]')?.disabled).toBe(false)
  })

  it('tells why a change was refused and goes back to what is in force', async () => {
    const { mounted: page, server } = await open(api())
    server.on('PATCH /control/v1/apis/browsers', () => refusal(409, 'port-in-use', 'Port 80 is used by another program'))
    await page.click('Open browsers to the LAN')
    expect(page.text()).toContain('browsers was not changed')
    expect(page.text()).toContain('Choose another port, or end the program that uses this one.')
    expect(page.button('Open browsers to the LAN').getAttribute('aria-checked')).toBe('false')
  })
})

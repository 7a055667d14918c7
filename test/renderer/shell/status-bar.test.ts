import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ApiView } from '../../../server/control/contract/index.ts'
import StatusBar from '../../../renderer/shell/status-bar.vue'
import { mountPage, settle, standardServer, type MountedPage } from '../support/mount.ts'
import { api, controlApi, exposedApi, pulse } from '../support/samples.ts'

describe('the status bar', () => {
  let mounted: MountedPage | null = null
  afterEach(() => {
    mounted?.unmount()
    vi.restoreAllMocks()
  })

  async function open(browsers: ApiView) {
    const server = standardServer().on('GET /control/v1/apis', () => ({ apis: [controlApi(), browsers] }))
    mounted = await mountPage(StatusBar, { server })
    server.socket.say(pulse(0, 61))
    await settle()
    return { page: mounted, server, entry: () => document.querySelector('[data-api=browsers]') }
  }

  it('shows what runs, each API with its port, and what it costs', async () => {
    const { page } = await open(api())
    expect(page.text()).toMatch(/Running ?up 3 d 4 h/)
    expect(page.text()).toMatch(/control ?:7700/)
    expect(page.text()).toMatch(/browsers ?:5010/)
    expect(page.text()).toMatch(/61 events\/s ?CPU 4\.1 % ?84 MB/)
  })

  it('marks an API that the LAN reaches, red when nothing asks for a key', async () => {
    const withKey = await open(api({ openTo: 'lan', lanUrls: ['http://192.168.1.20:5010'] }))
    expect(withKey.entry()?.textContent).toContain('LAN')
    expect(withKey.entry()?.textContent).not.toContain('no key')
    withKey.page.unmount()
    const without = await open(exposedApi())
    expect(without.entry()?.textContent).toContain('LAN, no key')
    expect(without.entry()?.querySelector('[data-tone=bad]')).not.toBeNull()
  })

  it('names the taken port of an API that has none', async () => {
    const { entry } = await open(api({ state: 'port-in-use', port: null }))
    expect(entry()?.textContent).toMatch(/:5010 ?in use/)
  })

  it('copies the address under which others reach it', async () => {
    const written: string[] = []
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => void written.push(text))
    const { entry, page } = await open(api({ openTo: 'lan', lanUrls: ['http://192.168.1.20:5010'] }))
    ;(entry() as HTMLButtonElement).click()
    await settle()
    expect(written).toEqual(['http://192.168.1.20:5010'])
    expect(page.text()).toContain('Address of browsers copied')
  })

  it('says so when the server is gone', async () => {
    const { page, server } = await open(api())
    server.down()
    server.socket.close()
    await settle()
    expect(page.text()).toContain('Not reached')
    expect(page.text()).toMatch(/next try in \d s/)
  })
})

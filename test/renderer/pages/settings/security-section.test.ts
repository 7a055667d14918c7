import { afterEach, describe, expect, it } from 'vitest'
import { useConnection } from '../../../../renderer/api/connection.ts'
import SecuritySection from '../../../../renderer/pages/settings/security-section.vue'
import { useSettings } from '../../../../renderer/stores/settings.ts'
import { reply } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'
import { settingsView } from '../../support/samples.ts'

describe('the security settings', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('makes a sign-in link to copy or scan, and says when it ends', async () => {
    const url = 'http://127.0.0.1:7700/#sign-in=once'
    const server = standardServer().on('POST /control/v1/sign-in-links', () =>
      reply(201, { url, expiresAt: new Date(Date.now() + 600_000).toISOString() }),
    )
    mounted = await mountPage(SecuritySection, { server })
    expect(mounted.text()).toContain('The owner of this Wheelhouse')
    await mounted.click('Make a link')
    expect(mounted.text()).toContain(url)
    expect(document.querySelector('[aria-label="QR code of the sign-in link"]')).not.toBeNull()
    expect(mounted.text()).toMatch(/Ends ?in (9|10) min, or with its first use/)
  })

  it('names each value of the settings file that could not be used, with the reason', async () => {
    const server = standardServer().on('GET /control/v1/settings', () =>
      settingsView({ setAside: [{ path: 'browsers.idle', reason: 'not a known setting' }] }),
    )
    mounted = await mountPage(SecuritySection, { server })
    await useSettings().refresh()
    await settle()
    expect(mounted.text()).toContain('browsers.idle')
    expect(mounted.text()).toContain('not a known setting')
    expect(mounted.text()).toContain('/data/settings.json')
  })

  it('signs this browser out', async () => {
    const server = standardServer().on('DELETE /control/v1/session', () => reply(204))
    mounted = await mountPage(SecuritySection, { server })
    await mounted.click('Sign this browser out')
    expect(useConnection().state).toBe('signed-out')
    expect(server.socket.closed).toBe(true)
  })
})

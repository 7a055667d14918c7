import { afterEach, describe, expect, it } from 'vitest'
import type { ChromiumState } from '../../../server/browsers/contract/index.ts'
import ChromiumCard from '../../../renderer/components/chromium-card.vue'
import { mountPage, settle, standardServer, type MountedPage } from '../support/mount.ts'
import { reply } from '../support/fake-transport.ts'
import { settingsView } from '../support/samples.ts'

const state = (changes: Partial<ChromiumState> = {}): ChromiumState => ({
  state: 'missing',
  path: null,
  version: null,
  source: null,
  sandbox: true,
  message: null,
  progress: null,
  searched: ['/usr/bin/chromium', '/opt/google/chrome/chrome'],
  ...changes,
})

describe('the Chromium card', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  it('says what is used and where it was found', async () => {
    mounted = await mountPage(ChromiumCard, {
      server: standardServer().on('GET /browsers/v1/chromium', () =>
        state({ state: 'ready', path: '/usr/bin/chromium', version: '156.0', source: 'system', sandbox: false }),
      ),
    })
    expect(mounted.text()).toContain('Chromium 156.0')
    expect(mounted.text()).toContain('installed on this computer')
    expect(mounted.text()).toContain('Sandbox off')
  })

  it('names the places it looked in when there is none, and offers each way out', async () => {
    mounted = await mountPage(ChromiumCard, { server: standardServer().on('GET /browsers/v1/chromium', () => state()) })
    expect(mounted.text()).toContain('No Chromium found')
    expect(mounted.text()).toContain('/opt/google/chrome/chrome')
    for (const way of ['Install Chromium', 'Look again', 'Choose another']) expect(mounted.button(way)).toBeDefined()
  })

  it('shows how far a download is and can cancel it', async () => {
    const server = standardServer()
      .on('GET /browsers/v1/chromium', () => state())
      .on('POST /browsers/v1/chromium/install', () =>
        reply(202, state({ state: 'installing', progress: { receivedBytes: 43_000_000, totalBytes: 172_000_000 } })),
      )
      .on('DELETE /browsers/v1/chromium/install', () => state())
    mounted = await mountPage(ChromiumCard, { server })
    await mounted.click('Install Chromium')
    expect(mounted.text()).toContain('43 MB of 172 MB')
    expect(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')).toBe('25')
    await mounted.click('Cancel download')
    expect(mounted.text()).toContain('No Chromium found')
  })

  it('keeps a chosen path in the settings and tries it by a launch', async () => {
    const server = standardServer()
      .on('GET /browsers/v1/chromium', () => state())
      .on('PATCH /control/v1/settings', () => settingsView())
      .on('POST /browsers/v1/chromium/find', () => state({ state: 'failed', message: '/nowhere could not be started' }))
    mounted = await mountPage(ChromiumCard, { server })
    await mounted.click('Choose another')
    const field = document.querySelector<HTMLInputElement>('input[aria-label="Path of the browser"]')
    if (field === null) throw new Error('no field for the path')
    field.value = '/nowhere'
    field.dispatchEvent(new Event('input', { bubbles: true }))
    await settle()
    document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await settle()
    expect(server.sent('PATCH /control/v1/settings')).toEqual([{ browsers: { executable: '/nowhere' } }])
    expect(mounted.text()).toContain('Does not start')
    expect(mounted.text()).toContain('/nowhere could not be started')
  })
})

import { afterEach, describe, expect, it, vi } from 'vitest'
import { useConnection } from '../../../renderer/api/connection.ts'
import App from '../../../renderer/app.vue'
import { palette } from '../../../renderer/shell/palette.ts'
import { patience } from '../../fixtures/patience.ts'
import { refusal } from '../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../support/mount.ts'
import { api, controlApi } from '../support/samples.ts'

/** Pages behind the frame are loaded when they are first shown. */
const settled = (done: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!done()) throw new Error('not yet')
    },
    { timeout: patience, interval: 20 },
  )

describe('the window', () => {
  let mounted: MountedPage | null = null
  afterEach(() => {
    palette.open = false
    mounted?.unmount()
  })

  async function open(server = standardServer()) {
    server.on('GET /browsers/v1/browser-sessions', () => ({ sessions: [], capacity: 10, nextEvicted: null, spareReady: false }))
    mounted = await mountPage(App, { server })
    return { page: mounted, server }
  }
  const press = async (key: string): Promise<void> => {
    window.dispatchEvent(
      new KeyboardEvent('keydown', { key, code: key === ',' ? 'Comma' : `Key${key.toUpperCase()}`, ctrlKey: true, bubbles: true }),
    )
    await settle()
  }

  it('has an entry for each room that exists, and no other', async () => {
    const { page } = await open()
    const links = [...document.querySelectorAll('nav[aria-label=Pages] a')].map((link) => link.textContent?.trim().replace(/\d.*$/, ''))
    expect(links).toEqual(['Overview', 'Browsers', 'API keys', 'Activity', 'Settings'])
    page.unmount()
    await open(standardServer().on('GET /control/v1/apis', () => ({ apis: [controlApi()] })))
    expect(document.querySelector('nav[aria-label=Pages]')?.textContent).not.toContain('Browsers')
  })

  it('asks nothing of the server but who is here until somebody is', async () => {
    const server = standardServer().on('GET /control/v1/session', () => refusal(401, 'key-required', 'Sign in first'))
    const { page } = await open(server)
    await settled(() => page.text().includes('Sign in to Wheelhouse'))
    expect(page.text()).toContain('Sign in to Wheelhouse')
    expect(new Set(server.requests.map(({ path }) => path))).toEqual(new Set(['/control/v1/session']))
  })

  it('says what to do when the server was never reached, and goes on by itself once it is', async () => {
    const server = standardServer()
    server.down()
    const { page } = await open(server)
    await settled(() => page.text().includes('does not answer'))
    expect(page.text()).toContain('npm run serve')
    server.down(false)
    await page.click('Try now')
    server.socket.open()
    await settled(() => document.querySelector('nav[aria-label=Pages]') !== null)
    expect(page.text()).toContain('Running')
  })

  it('keeps the page in place when the server goes away later, and offers to try at once', async () => {
    const { page, server } = await open()
    server.down()
    server.socket.close()
    await settle()
    expect(page.text()).toContain('Wheelhouse does not answer')
    expect(document.querySelector('nav[aria-label=Pages]')).not.toBeNull()
    expect(page.button('Try now')).toBeDefined()
    expect(useConnection().state).toBe('unreachable')
  })

  it('opens the palette with Ctrl+K and the settings with Ctrl+comma', async () => {
    const { page } = await open(standardServer().on('GET /control/v1/apis', () => ({ apis: [controlApi(), api()] })))
    await press('k')
    expect(palette.open).toBe(true)
    expect(page.text()).toContain('Copy address of browsers')
    await press('k')
    await press(',')
    expect(page.router.currentRoute.value.path).toBe('/settings')
  })
})

describe('the command palette', () => {
  it('shows names as text, whatever is in them', async () => {
    const { mount } = await import('@vue/test-utils')
    const { default: MatchingText } = await import('../../../renderer/components/matching-text.vue')
    const shown = mount(MatchingText, { props: { text: '<b>user1</b> (user)', search: 'user' } })
    expect(shown.text()).toBe('<b>user1</b> (user)')
    expect(shown.find('b').exists()).toBe(false)
    expect(shown.findAll('.text-\\(--acc\\)').map((piece) => piece.text())).toEqual(['user', 'user'])
    expect(mount(MatchingText, { props: { text: 'a (b', search: '(' } }).text()).toBe('a (b')
  })
})

/** Mounts a page as the window does: with Nuxt UI, stores, router and a fake server; frames are flushed by the test. */
import { useToast } from '@nuxt/ui/composables'
import ui from '@nuxt/ui/vue-plugin'
import { flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { defineComponent, h, type Component } from 'vue'
import { createMemoryHistory, createRouter, type Router } from 'vue-router'
import App from '@nuxt/ui/components/App.vue'
import { provideApi } from '../../../renderer/api/api.ts'
import { useConnection } from '../../../renderer/api/connection.ts'
import { pages } from '../../../renderer/router.ts'
import { FakeTransport } from './fake-transport.ts'
import { api, controlApi, key, overview, settingsView } from './samples.ts'

/** A server that answers what every page asks for; a test puts its own answers on top. */
export function standardServer(): FakeTransport {
  return new FakeTransport()
    .on('GET /control/v1/session', () => ({ actor: 'owner', scopes: null, rights: null }))
    .on('GET /control/v1/health', () => ({ status: 'ok', version: '0.1.0', uptime: 40 }))
    .on('GET /control/v1/apis', () => ({ apis: [controlApi(), api()] }))
    .on('GET /control/v1/overview', () => overview())
    .on('GET /control/v1/settings', () => settingsView())
    .on('GET /control/v1/sealing-key', () => ({ state: 'open', reason: null, locked: [] }))
    .on('GET /control/v1/keys', () => ({ keys: [key()] }))
    .on('GET /control/v1/audit', () => ({ events: [], more: false }))
    .on('GET /control/v1/site-profiles', () => ({ profiles: [] }))
}

export interface MountedPage {
  page: VueWrapper
  router: Router
  server: FakeTransport
  /** The whole document's text: dialogs are drawn outside the page. */
  text(): string
  button(name: string): HTMLButtonElement
  click(name: string): Promise<void>
  unmount(): void
}

export async function mountPage(
  component: Component,
  { server = standardServer(), path = '/' }: { server?: FakeTransport; path?: string } = {},
): Promise<MountedPage> {
  document.body.innerHTML = ''
  provideApi(server)
  const pinia = createPinia()
  setActivePinia(pinia)
  const nothing = defineComponent({ render: () => null })
  // Links by name have to lead somewhere; the pages themselves are mounted by the test.
  const named = pages
    .filter((route) => route.name !== undefined)
    .map(({ path, name }) => ({ path, ...(name === undefined ? {} : { name }), component: nothing }))
  const router = createRouter({ history: createMemoryHistory(), routes: [...named, { path: '/:rest(.*)*', component: nothing }] })
  await router.push(path)
  const root = defineComponent({
    setup() {
      // Notices live beside the pages, and test files share the modules they live in.
      useToast().clear()
      return () => h(App, null, { default: () => h(component) })
    },
  })
  const host = document.createElement('div')
  document.body.append(host)
  const page = mount(root, { attachTo: host, global: { plugins: [pinia, router, ui] } })
  const connection = useConnection()
  await connection.start({ nextFrame: (run) => run(), random: () => 0.5 })
  server.sockets.at(-1)?.open()
  await settle()

  const buttons = () => [...document.querySelectorAll<HTMLButtonElement>('button, a[role=button], [role=switch]')]
  const button = (name: string): HTMLButtonElement => {
    const found = buttons().find((candidate) => [candidate.getAttribute('aria-label'), candidate.textContent?.trim()].includes(name))
    if (found === undefined)
      throw new Error(
        `no button "${name}" among: ${buttons()
          .map((candidate) => candidate.getAttribute('aria-label') ?? candidate.textContent?.trim())
          .join(' | ')}`,
      )
    return found
  }
  return {
    page,
    router,
    server,
    button,
    text: () => (document.body.textContent ?? '').replaceAll(/\s+/g, ' '),
    async click(name) {
      button(name).click()
      await settle()
    },
    unmount() {
      page.unmount()
      connection.stop()
    },
  }
}

/** Lets answers arrive, stores follow and dialogs open. */
export async function settle(): Promise<void> {
  for (let round = 0; round < 4; round += 1) await flushPromises()
}

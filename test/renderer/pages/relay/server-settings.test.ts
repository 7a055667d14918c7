/** What a server is run with is asked for when a person wants to see it, and shown in full then. */
import { expect, onTestFinished, test } from 'vitest'
import { defineComponent, h } from 'vue'
import ServerSettings from '../../../../renderer/pages/relay/server-settings.vue'
import { mountPage, standardServer } from '../../support/mount.ts'

const dialog = defineComponent({ render: () => h(ServerSettings, { server: { id: 'up_0123456789ab', name: 'yard' } }) })

test('shows command, arguments, address, variables and headers, each with its copy button', async () => {
  const settings = {
    command: 'npx',
    args: ['-y', 'yard-mcp', 'canary-1'],
    cwd: '/srv',
    url: null,
    env: { KEY: 'canary-2' },
    headers: { 'x-key': 'canary-3' },
  }
  const server = standardServer().on('POST /control/v1/upstreams/up_0123456789ab/reveal', () => settings)
  const mounted = await mountPage(dialog, { server })
  onTestFinished(() => mounted.unmount())
  for (const shown of ['Settings of yard', 'npx', 'canary-1', '/srv', 'KEY', 'canary-2', 'x-key', 'canary-3'])
    expect(mounted.text()).toContain(shown)
  for (const name of ['Copy Command', 'Copy Argument 3', 'Copy KEY', 'Copy x-key']) expect(mounted.button(name)).toBeDefined()
})

test('says why when they cannot be shown', async () => {
  const mounted = await mountPage(dialog, { server: standardServer() })
  onTestFinished(() => mounted.unmount())
  expect(document.querySelector('[role=alert]')?.textContent).toMatch(/./)
})

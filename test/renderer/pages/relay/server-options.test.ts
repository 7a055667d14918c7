/** How a server is treated is chosen in its options, and a client's own process is ended from there. */
import { expect, onTestFinished, test } from 'vitest'
import { defineComponent, h } from 'vue'
import ServerOptions from '../../../../renderer/pages/relay/processes/server-options.vue'
import type { CatalogueServer } from '../../../../server/relay/contract/index.ts'
import { defaultOptions } from '../../../../server/relay/contract/upstream-options.ts'
import { mountPage, standardServer } from '../../support/mount.ts'

test('shows the processes of clients’ own, ends one, and keeps what is chosen', async () => {
  const at = '2026-01-01T12:00:00.000Z'
  const own = [{ id: 'yard-1', session: 's', client: '0a1b2c3d-4e', pid: 4711, since: at, lastUsed: at, busy: 0 }]
  // The dialog looks at no more of a server than this.
  const server = {
    id: 'up_0123456789ab',
    name: 'yard',
    own,
    options: { ...defaultOptions, process: 'client', ownIdle: 45 },
  } as unknown as CatalogueServer
  const [end, save] = ['DELETE /relay/v1/upstreams/up_0123456789ab/own/yard-1', 'PATCH /control/v1/upstreams/up_0123456789ab']
  const served = standardServer()
    .on(end, () => ({}))
    .on(save, () => ({}))
  const mounted = await mountPage(defineComponent({ render: () => h(ServerOptions, { server }) }), { server: served })
  onTestFinished(() => mounted.unmount())
  for (const shown of ['Options of yard', 'One for each client', 'client 0a1b2c3d', 'pid 4711']) expect(mounted.text()).toContain(shown)
  await mounted.click('End the process of 0a1b2c3d-4e')
  await mounted.click('Save options')
  expect(served.sent(end)).toHaveLength(1)
  expect(served.sent(save)).toMatchObject([{ options: { process: 'client', ownIdle: 45, ownAtMost: 8, callTimeout: null } }])
})

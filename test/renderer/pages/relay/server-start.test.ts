/** A server that is being installed shows what is known of that, and can be given up. */
import { expect, onTestFinished, test, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import ServerStart from '../../../../renderer/pages/relay/starts/server-start.vue'
import { countOf, startSteps } from '../../../../renderer/pages/relay/starts/start-steps.ts'
import { kindOf, serverPresentation } from '../../../../renderer/pages/relay/relay-presentation.ts'
import { useRelay } from '../../../../renderer/stores/relay.ts'
import { mountPage } from '../../support/mount.ts'

const progress = {
  phase: 'downloading' as const,
  since: '2026-01-02T03:00:00.000Z',
  line: 'npm http fetch GET 200 harbor.tgz',
  unit: 'package' as const,
  done: 41,
  of: 64,
  steps: [{ phase: 'finding' as const, ms: 1_100 }],
}

test('what is fetched is counted, what is over has its time, and Cancel gives it up', async () => {
  const row = defineComponent({ render: () => h(ServerStart, { server: { id: 'up_0123456789ab', name: 'yard' }, progress }) })
  const mounted = await mountPage(row)
  onTestFinished(() => mounted.unmount())
  for (const shown of [
    'Package 41 of 64',
    'Found',
    '1.1 s',
    'Downloading',
    'Start and read its tools',
    'npm http fetch GET 200 harbor.tgz',
  ])
    expect(mounted.text()).toContain(shown)
  expect(document.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')).toBe('41')
  const cancel = vi.spyOn(useRelay(), 'cancelStart').mockResolvedValue()
  await mounted.click('Cancel the start of yard')
  expect(cancel).toHaveBeenCalledWith('up_0123456789ab')
})

test('nothing is said that is not known', () => {
  expect(countOf({ ...progress, of: null })).toBe('Package 41')
  expect(countOf({ ...progress, unit: null, done: null, of: null })).toBe('')
  expect(startSteps({ ...progress, phase: 'starting', steps: [] })).toEqual([])
  expect(serverPresentation({ state: 'starting', progress }).label).toBe('Installing')
  expect(serverPresentation({ state: 'starting', progress: { ...progress, phase: 'listing' } }).label).toBe('Starting')
  expect(kindOf({ transport: 'stdio', command: '/usr/bin/npx' })).toBe('npx')
  expect(kindOf({ transport: 'stdio', command: 'node' })).toBe('stdio')
})

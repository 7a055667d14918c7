import { afterEach, expect, it } from 'vitest'
import SitePage from '../../../../../renderer/pages/browsers/sites/site-page.vue'
import { siteProfile } from '../../../../../server/browsers/contract/index.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../../support/mount.ts'

const holds = {
  inputs: { terminal: '[a-z]{2,12}' },
  read: { table: 'tr', columns: { container: { cell: 'td' }, fee_usd: { cell: '.fee', kind: 'number' } } },
}
const site = {
  ...siteProfile.parse({
    ...{ name: 'harbor-gate', title: 'Harbor Gate', kind: 'form', address: 'https://gate.example/login' },
    login: { steps: [{ fill: '#u', value: '{username}' }, { click: '#go' }] },
    operations: { list_holds: holds },
  }),
  builtIn: false,
}
const trial = {
  ...{ id: 'trial_0a1b2c3d4e5f', site: 'harbor-gate', operation: 'list_holds', state: 'passed', said: null, username: 'user1' },
  ...{ startedAt: '2026-11-21T07:30:00.000Z', ms: 1_200, from: 0, opening: null, steps: [], arrival: null, session: null, keptUntil: null },
  result: [
    { container: 'TGBU7264059', fee_usd: 185 },
    { container: 'HLBX8434972', fee_usd: null },
  ],
}

let mounted: MountedPage | null = null
afterEach(() => mounted?.unmount())

it('an operation of a site shows what it asks for, with the pattern, and the table that it read', async () => {
  const server = standardServer()
    .on('GET /control/v1/site-profiles', () => ({ profiles: [site] }))
    .on('GET /browsers/v1/site-trials', () => ({ trials: [trial] }))
  mounted = await mountPage(SitePage, { server, path: '/browsers/sites/harbor-gate' })
  await settle()
  for (const words of ['terminal', '[a-z]{2,12}', '2 rows in 1.2 s', 'TGBU7264059', '185', 'fee_usd'])
    expect(mounted.text()).toContain(words)
})

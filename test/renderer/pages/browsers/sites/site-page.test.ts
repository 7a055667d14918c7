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

it('the steps of an operation are edited in the same rows as those of the login, and sent as they stand', async () => {
  const sent: unknown[] = []
  const server = standardServer()
    .on('GET /control/v1/site-profiles', () => ({ profiles: [site] }))
    .on('GET /browsers/v1/site-trials', () => ({ trials: [] }))
    .on('PUT /control/v1/site-profiles/harbor-gate', ({ body }) => {
      sent.push(body)
      return {}
    })
  mounted = await mountPage(SitePage, { server, path: '/browsers/sites/harbor-gate' })
  await settle()
  await mounted.click('Edit')
  expect(mounted.text()).toContain('No steps: it reads the page as it opens')
  const list = document.querySelector('[aria-label="Steps of list_holds"]')
  expect(list).not.toBeNull()
  await type('Pattern of terminal', '[a-z]+')
  await type('Not found when: Text is there', 'No holds')
  await mounted.click('Remove column fee_usd')
  await mounted.click('Save')
  expect(sent).toMatchObject([
    {
      login: { steps: site.login?.steps },
      operations: {
        list_holds: {
          inputs: { terminal: '[a-z]+' },
          notFound: { text: 'No holds' },
          read: { table: 'tr', columns: { container: { cell: 'td', kind: 'text' } } },
        },
      },
    },
  ])
})

it('what was saved stays in the editor, also where news of it comes before the answer to the one who saves', async () => {
  let kept = site
  let answered = Promise.resolve()
  const server = standardServer()
    .on('GET /control/v1/site-profiles', () => answered.then(() => ({ profiles: [kept] })))
    .on('GET /browsers/v1/site-trials', () => ({ trials: [] }))
  mounted = await mountPage(SitePage, { server, path: '/browsers/sites/harbor-gate' })
  await settle()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  server.on('PUT /control/v1/site-profiles/harbor-gate', () => {
    kept = { ...site, title: 'North gate' }
    answered = promise.then(() => undefined)
    server.sockets.find(({ path }) => path === '/control/v1/events')?.say({ type: 'changed', resource: 'site-profiles' })
    return {}
  })
  await type('Title', 'North gate')
  await mounted.click('Save')
  resolve(undefined)
  await settle()
  expect(document.querySelector<HTMLInputElement>('input[aria-label="Title"]')?.value).toBe('North gate')
  expect(mounted.text()).not.toContain('not saved')
})

it('what is edited while a save is under way stays', async () => {
  const { promise, resolve } = Promise.withResolvers<object>()
  const server = standardServer()
    .on('GET /control/v1/site-profiles', () => ({ profiles: [site] }))
    .on('GET /browsers/v1/site-trials', () => ({ trials: [] }))
    .on('PUT /control/v1/site-profiles/harbor-gate', () => promise)
  mounted = await mountPage(SitePage, { server, path: '/browsers/sites/harbor-gate' })
  await settle()
  await type('Title', 'North gate')
  await mounted.click('Save')
  await type('Title', 'North gate 2')
  resolve({})
  await settle()
  expect(document.querySelector<HTMLInputElement>('input[aria-label="Title"]')?.value).toBe('North gate 2')
})

async function type(field: string, text: string): Promise<void> {
  const input = document.querySelector<HTMLInputElement>(`input[aria-label="${field}"]`)
  if (input === null) throw new Error(`no field ${field}`)
  input.value = text
  input.dispatchEvent(new Event('input'))
  await settle()
}

import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'

let served: ServedBrowsers
let base: string

beforeAll(async () => {
  served = await serveBrowsers()
  base = `/v1/browser-sessions/${(await served.open(1)).body.session_id}`
})
afterAll(() => served.stop())

type Page = { id: string; url: string; active: boolean }
const pages = async (): Promise<Page[]> => (await served.get(base)).body.session.pages

it('opens a page in front of the others, sends it on its way, and closes it again', async () => {
  const [first] = await pages()
  const opened = await served.post(`${base}/pages`, { address: `${served.portal.url}/containers` })
  expect(opened.status).toBe(201)
  await eventually('it stands in front', async () =>
    (await pages()).some(({ id, url, active }) => id === opened.body.page && active && url.endsWith('/containers')),
  )
  expect((await served.remove(`${base}/pages/${opened.body.page}`)).status).toBe(204)
  await eventually(
    'the first one is in front again',
    async () => (await pages()).map(({ id, active }) => `${id} ${active}`).join() === `${first?.id ?? ''} true`,
  )
  expect((await served.remove(`${base}/pages/${opened.body.page}`)).status).toBe(404)
})

it('has a page also after its last one was closed', async () => {
  const [first] = await pages()
  expect((await served.remove(`${base}/pages/${first?.id ?? ''}`)).status).toBe(204)
  await eventually(
    'an empty one took its place',
    async () => (await pages()).map(({ url, active }) => `${url} ${active}`).join() === 'about:blank true',
  )
})

it('refuses what navigating refuses', async () => {
  expect((await served.post(`${base}/pages`, { address: 'file:///etc/passwd' })).status).toBe(400)
})

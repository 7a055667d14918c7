/** A name and password inside an address: used where they are needed, and never shown, told or kept readable. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { presentSession } from '../../../../server/browsers/session/presentation.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { listenOnLoopback, stopServer } from '../../../fixtures/loopback.ts'

let served: ServedBrowsers
let site: Server
let url: string
const named = (address: string): string => address.replace('//', '//harbor:hush-9@')

beforeAll(async () => {
  site = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    if (request.headers.authorization !== `Basic ${btoa('harbor:hush-9')}`)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="yard"' }).end('who?')
    response.end(`<h1>Yard</h1><a href="${named(`http://${request.headers.host}`)}/linked?token=1">linked</a>`)
  })
  url = await listenOnLoopback(site)
  served = await serveBrowsers()
})
afterAll(async () => {
  await served.stop()
  await stopServer(site)
})

/** All that anybody can see, and all that is on the disk. */
async function everything(): Promise<string> {
  const { context, room } = served
  const tables = context.database
    .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all()
  const rows = tables.map((table) => context.database.prepare(`SELECT * FROM "${table}"`).all())
  const { sessions } = (await served.get('/v1/browser-sessions')).body
  const details = await Promise.all(sessions.map(({ id }: { id: string }) => served.get(`/v1/browser-sessions/${id}`)))
  return JSON.stringify([
    (await served.get('/sessions')).body,
    sessions,
    details,
    rows,
    context.emitted,
    context.log.lines,
    room.profiles.list(),
    room.service.ended().map((session) => presentSession(session, 0, '')),
  ])
}

it('opens the site with them and shows its address without', async () => {
  const { status, body } = await served.post('/v1/browser-sessions', { profile: 'plain', address: `${named(url)}/gate` })
  expect(status).toBe(202)
  const { id } = body.session
  const current = async () => (await served.get(`/v1/browser-sessions/${id}`)).body.session
  await eventually('it is open', async () => (await current()).state === 'ready')
  expect(
    await served.room.service
      .get(id)
      .page()
      .evaluate(() => document.body.innerText),
  ).toContain('Yard')
  expect((await current()).currentUrl).toBe(`${url}/gate`)

  await served.room.service
    .get(id)
    .page()
    .evaluate(() => document.querySelector('a')?.click())
  await eventually('the link was followed', async () => (await current()).currentUrl === `${url}/linked?token=1`)
  await served.post(`/v1/browser-sessions/${id}/navigate`, { address: `${named(url)}/sent` })
  await eventually('it was sent there', async () => (await current()).currentUrl === `${url}/sent`)
  expect(await everything()).not.toMatch(/hush-9|harbor:/)

  await served.remove(`/v1/browser-sessions/${id}`)
  expect(JSON.stringify(served.room.service.ended().map(({ credentials }) => credentials))).not.toContain('hush-9')
  expect(await everything()).not.toMatch(/hush-9|harbor:/)
})

it('a session that cannot be opened does not say them either', async () => {
  const { body } = await served.post('/v1/browser-sessions', { profile: 'plain', address: named('http://127.0.0.1:1/') })
  await eventually(
    'it failed',
    async () => (await served.get(`/v1/browser-sessions/${body.session.id}`)).body.session.state === 'needs-you',
  )
  expect(await everything()).not.toMatch(/hush-9|harbor:/)
  await served.remove(`/v1/browser-sessions/${body.session.id}`)
})

it('a profile and the settings keep addresses without them', async () => {
  const address = `${named(url)}/berths?q={number}`
  await served.room.profiles.put(
    'yard',
    siteProfile.parse({ name: 'yard', title: 'Yard', kind: 'none', address, operations: { read: { address, read: 'h1' } } }),
    'owner',
  )
  expect(served.room.profiles.get('yard')).toMatchObject({
    address: `${url}/berths?q={number}`,
    operations: { read: { address: `${url}/berths?q={number}` } },
  })
  served.context.change({ allowedOrigins: [named(url)], browsers: { captcha: { address: named('https://captcha.test') } } })
  expect(JSON.stringify(served.context.settings.current())).not.toContain('hush-9')
  expect(await everything()).not.toMatch(/hush-9|harbor:/)
})

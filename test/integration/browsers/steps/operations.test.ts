import { unzipSync } from 'fflate'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { serveBrowsers, type Reply, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'

const pin = 'pin-4711-northgate'
const credentials = { username: 'user1', password: 'harbor-demo' }
let served: ServedBrowsers
let id: string

beforeAll(async () => {
  served = await serveBrowsers()
  const { url } = served.portal
  const { name, ...profile } = siteProfile.parse({
    ...served.portal.siteProfile(),
    fields: { pin: { value: pin, secret: true } },
    operations: {
      ...served.portal.siteProfile().operations,
      heading: { address: `${url}/holds`, read: { text: 'h1' }, as: 'heading' },
      lines: { address: `${url}/returns`, read: { list: 'tbody td:first-child' }, as: 'lines' },
      places: {
        address: `${url}/returns`,
        read: { table: 'tbody tr', columns: { line: { cell: 'td:first-child' }, free: { cell: 'td.right', kind: 'number' } } },
        as: 'places',
      },
      export: { address: `${url}/containers`, read: { file: 'a[href="/containers.csv"]' } },
      status: {
        address: `${url}/containers?q={container_id}`,
        inputs: { container_id: '[A-Z0-9]+' },
        steps: [{ waitFor: '#never-there' }],
        read: '.tag',
        notFound: { text: '0 containers at' },
      },
      search: {
        address: `${url}/containers`,
        steps: [
          { fill: 'input[name="q"]', value: '{pin}' },
          { press: 'Enter', on: 'input[name="q"]' },
          { waitFor: { text: '0 containers at' } },
        ],
        read: { text: 'h1' },
      },
      broken: { address: `${url}/containers`, steps: [{ click: '#no-such-button', within: 300 }], read: 'h1' },
      ask: { address: `${url}/holds`, steps: [{ person: 'Read the notice and go to the returns' }], read: { text: 'h1' } },
    },
  })
  await served.room.profiles.put(name, profile, 'system')
  id = (await served.post('/get_session', { ...credentials, captcha_api_key: 'unused' }, 'desk')).body.session_id
})
afterAll(() => served.stop())

const operate = (operation: string, more: object = {}): Promise<Reply> => served.post(`/${operation}`, { session_id: id, ...more }, 'desk')

/** The files of a bundle by name, as texts in which a secret would stand as it is. */
async function bundleOf({ body }: Reply): Promise<Record<string, string>> {
  const { pathname, origin } = new URL(body.debug_bundle_url)
  expect(origin).toBe(served.url)
  const { status, body: zip } = await served.get(pathname, 'desk')
  expect(status).toBe(200)
  return Object.fromEntries(Object.entries(unzipSync(zip)).map(([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')]))
}

describe('an operation of any name', () => {
  it('answers with a text, a list or a table, by its session or by credentials', async () => {
    expect((await operate('heading')).body).toEqual({ success: true, session_id: id, is_new_session: false, heading: 'Holds and fees' })
    expect((await operate('lines')).body.lines).toEqual(['Blue Anchor', 'Northwind', 'Meridian', 'Castline'])
    expect((await operate('places')).body.places[0]).toEqual({ line: 'Blue Anchor', free: 12 })
    // The profile has no captcha, so nobody needs a key for one.
    expect(await served.post('/heading', credentials, 'desk')).toMatchObject({
      status: 200,
      body: { session_id: id, heading: 'Holds and fees' },
    })
  })

  it('hands out a file at its address to who may see the session, and to nobody else', async () => {
    const { body } = await operate('export')
    expect(body).toMatchObject({ success: true, file_name: 'containers.csv' })
    const { origin, pathname } = new URL(body.file_url)
    expect(origin).toBe(served.url)
    const file = await served.get(pathname, 'desk')
    expect(Buffer.from(file.body).toString()).toMatch(/^container,size,status\n/)
    expect((await served.get(pathname, 'stranger')).status).toBe(404)
  })

  it('is 404 when no profile has it, and asks for what is missing', async () => {
    expect(await operate('nonesuch')).toMatchObject({ status: 404, body: { success: false, error: expect.stringContaining('nonesuch') } })
    expect(await served.post('/heading', {}, 'desk')).toMatchObject({
      status: 400,
      body: { success: false, error: 'Missing required fields: username, password (or valid session_id)' },
    })
  })

  it('answers null where the page says that there is no such thing, whatever a step still waits for', async () => {
    expect((await operate('status', { container_id: 'NONESUCH1' })).body).toEqual({
      ...{ success: true, session_id: id, is_new_session: false },
      ...{ container_id: 'NONESUCH1', result: null },
    })
  })

  it('says which step failed, with its selector, in the shape of the contract', async () => {
    expect(await operate('broken')).toEqual({
      status: 500,
      body: {
        success: false,
        error: expect.stringMatching(/^Step 1 of broken \(click #no-such-button\): nothing matched #no-such-button within/),
        request_id: expect.any(String),
      },
    })
  })

  it('tells of the person that a step needs, and goes on when they give back', async () => {
    const asked = operate('ask')
    const session = await eventually('the session needs a person', () =>
      Promise.resolve(served.room.service.list().find((each) => each.id === id && each.state === 'needs-you')),
    )
    expect(session.reason).toBe('Read the notice and go to the returns')
    expect(session.events().map(({ kind }) => kind)).toContain('person-wanted')
    expect(session.control.take('desk')).toBeTruthy()
    await session.page().goto(`${served.portal.url}/returns`)
    session.control.giveBack('desk')
    expect((await asked).body).toMatchObject({ success: true, result: 'Empty returns' })
    expect(session).toMatchObject({ state: 'ready', reason: null })
  })
})

describe('a debug bundle', () => {
  it('has a picture and the document of each step, the console and the network, and no secret', async () => {
    const answered = await operate('search', { debug: true })
    expect(answered.body).toMatchObject({ success: true, result: 'Containers' })
    const files = await bundleOf(answered)
    // Right after the key was pressed the page may be between two documents, of which there is no picture.
    const names = ['01-fill-done', '03-waitFor-done', '04-end'].flatMap((name) => [`steps/${name}.html`, `steps/${name}.jpg`])
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['events.json', 'requests.har', 'run.json', ...names]))
    expect(files['steps/01-fill-done.html']).toContain('Container or booking number')
    expect(files['steps/01-fill-done.jpg']?.slice(0, 2)).toBe('\xff\xd8')
    expect(JSON.parse(files['run.json'] ?? '')).toMatchObject({ operation: 'search', outcome: { result: 'Containers' } })
    expect(files['requests.har']).toContain('/containers?q=***')
    for (const [name, text] of Object.entries(files)) expect(text, name).not.toMatch(/pin-4711|harbor-demo|harbor_session/)
  })

  it('is there for an operation that fails and for the contract’s own, and nobody else gets it', async () => {
    const failed = await operate('broken', { debug: true })
    expect(failed.status).toBe(500)
    const { steps, outcome } = JSON.parse((await bundleOf(failed))['run.json'] ?? '')
    expect(steps[0]).toMatchObject({ state: 'failed', failure: { selector: '#no-such-button' } })
    expect(outcome.said).toContain('nothing matched #no-such-button')

    const booked = await operate('get_booking_number', { container_id: 'TRHU1866154', debug: true })
    expect(booked.body.booking_number).toMatch(/^BK-/)
    expect(Object.keys(await bundleOf(booked))).toContain('steps/01-click-done.jpg')
    expect((await operate('get_booking_number', { container_id: 'TRHU1866154' })).body).not.toHaveProperty('debug_bundle_url')
    expect((await served.get(new URL(booked.body.debug_bundle_url).pathname, 'stranger')).status).toBe(404)
  })
})

import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SiteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import type { Picked, Trial } from '../../../../server/browsers/contract/trial.ts'
import { serveBrowsers, type Reply, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'

let served: ServedBrowsers
beforeAll(async () => {
  served = await serveBrowsers()
})
afterAll(() => served.stop())

const credentials = { username: 'user1', password: 'harbor-demo' }

function profile(steps: object[]): SiteProfile {
  return served.portal.siteProfile({ login: { steps } } as Partial<SiteProfile>) // the steps are checked by the route
}
const filled = [
  { fill: '#username', value: '{username}' },
  { fill: '#password', value: '{password}' },
]
const good = [...filled, { click: '#sign-in' }]
const broken = [...filled, { click: '#submit', within: 500 }]

async function finished({ body }: Reply): Promise<Trial> {
  const { id } = body.trial as Trial
  return eventually('the trial is over', async () => {
    const trials = (await served.get('/v1/site-trials?site=harbor-gate')).body.trials as Trial[]
    return trials.find((trial) => trial.id === id && trial.ms !== null)
  })
}

const start = (steps: object[], more: object = {}) => served.post('/v1/site-trials', { profile: profile(steps), ...credentials, ...more })
const states = ({ steps }: Trial): string[] => steps.map(({ state }) => state)

describe('trying a site out', () => {
  it('does the login in a browser that no list shows and no count counts, with a picture of each step', async () => {
    const started = await start(good)
    expect(started.status, JSON.stringify(started.body)).toBe(202)
    expect((await served.get('/v1/browser-sessions')).body.sessions).toEqual([])
    expect((await served.get('/sessions')).body.active_sessions).toBe(0)
    expect((await served.get('/health')).body).toMatchObject({ active_sessions: 0, persistent_sessions: 0 })
    const trial = await finished(started)
    expect(trial).toMatchObject({ state: 'passed', said: null, username: 'user1', opening: { state: 'done' }, arrival: { state: 'done' } })
    expect(states(trial)).toEqual(['done', 'done', 'done'])
    for (const part of ['opening', '0', '1', '2', 'arrival']) {
      const picture = await served.get(`/v1/site-trials/${trial.id}/pictures/${part}`)
      expect([...picture.body.subarray(0, 2)], part).toEqual([0xff, 0xd8])
    }
    expect(JSON.stringify(trial)).not.toContain(credentials.password)
  })

  it('covers what is secret before the picture is taken, and leaves the page as it was', async () => {
    const trial = await finished(await start(broken))
    const page = served.room.service.get(trial.session ?? '').page()
    const covered = await colourAt(page, trial, '1', { x: 600, y: 456 })
    expect(covered).toEqual(expect.arrayContaining([expect.toBeOneOf([90, 91, 92]), expect.toBeOneOf([99, 100, 101])]))
    // The user name is no secret, so its field is as the site has it.
    expect((await colourAt(page, trial, '1', { x: 780, y: 379 })).every((part) => part > 230)).toBe(true)
    expect(await page.$('wheelhouse-cover')).toBeNull()
  })

  it('names the step that failed and what was there instead, from which it goes on in the same page and signs in', async () => {
    const failed = await finished(await start(broken))
    expect(failed).toMatchObject({ state: 'failed', said: expect.stringContaining('Step 3 (click #submit)'), arrival: null })
    expect(states(failed)).toEqual(['done', 'done', 'failed'])
    const step = failed.steps[2]
    expect(step?.said).toContain('nothing matched #submit')
    expect(step?.passed.map(({ what }) => what)).toContain('gave-up')
    const instead = step?.seen.find(({ what }) => what === 'button')?.selector ?? ''
    expect(step?.picture?.marks).toMatchObject({ selector: instead, boxes: [{ width: 302 }] })

    const picked = await served.post(`/v1/site-trials/${failed.id}/pick`, { x: 600, y: 510 })
    expect(picked.body).toMatchObject({ selectors: expect.arrayContaining(['#sign-in']), text: 'Sign in' })
    expect((await served.get(`/v1/site-trials/${failed.id}/page`)).status).toBe(200)

    const mended = profile([...filled, { click: instead }])
    const passed = await finished(await served.post(`/v1/site-trials/${failed.id}/continue`, { profile: mended, from: 2 }))
    expect(passed).toMatchObject({ state: 'passed', from: 2, session: failed.session })
    expect(states(passed)).toEqual(['done', 'done', 'done'])
  })

  it('runs an operation in the page that is kept, and says what the site said when it refuses the login', async () => {
    const signedIn = await finished(await start(good))
    const ran = await served.post(`/v1/site-trials/${signedIn.id}/continue`, {
      profile: profile(good),
      operation: { name: 'get_booking_number', inputs: { container_id: 'TRHU1866154' } },
    })
    expect(await finished(ran)).toMatchObject({ state: 'passed', operation: 'get_booking_number', result: expect.stringMatching(/^BK-/) })

    const refused = await finished(await start(good, { password: 'nearly-right' }))
    expect(refused).toMatchObject({ state: 'failed', said: 'The site refused the login: Wrong user name or password' })
    expect(refused.arrival).toMatchObject({ state: 'failed', picture: expect.anything() })
  })

  it('shows each part of an operation, the file that it gives too, and leaves its page to pick from', async () => {
    let last = await finished(await start(good))
    const address = `${served.portal.url}/containers`
    const tried = {
      ...profile(good),
      operations: {
        get_list: { address, read: { file: 'a[href="/containers.csv"]' } },
        find: { address: `${address}?q={number}`, inputs: { number: '[A-Z0-9]+' }, read: { list: 'tr[data-container]' } },
      },
    }
    const operate = async (name: string, inputs = {}): Promise<Trial> => {
      const begun = await served.post(`/v1/site-trials/${last.id}/continue`, { profile: tried, operation: { name, inputs } })
      last = await finished(begun)
      return last
    }

    const file = await operate('get_list')
    const { name, file: link } = file.result as { name: string; file: string }
    expect(file).toMatchObject({
      state: 'passed',
      opening: { state: 'done', picture: {} },
      arrival: { picture: { marks: { boxes: [{}] } } },
    })
    expect([name, Buffer.from((await served.get(link)).body).toString()]).toEqual([
      'containers.csv',
      expect.stringContaining('container,size,status'),
    ])

    const found = await operate('find', { number: 'TRHU1866154' })
    expect(found).toMatchObject({ state: 'passed', opening: { state: 'done' }, result: [expect.stringContaining('TRHU1866154')] })
    expect(found.arrival?.picture?.marks).toEqual({ selector: 'tr[data-container]', boxes: [expect.anything()] })
    const { pages } = served.room.service.get(found.session ?? '')
    expect(pages.list().map(({ url }) => url)).toEqual([address, `${address}?q=TRHU1866154`])

    const size = await pages.active()?.page.evaluate(() => {
      const box = document.querySelector('tr[data-container] td:nth-child(3)')?.getBoundingClientRect()
      return { x: (box?.x ?? 0) + 4, y: (box?.y ?? 0) + 4 }
    })
    const picked = (await served.post(`/v1/site-trials/${found.id}/pick`, size)).body as Picked
    expect(picked.row).toEqual({ selector: '#containers tbody > tr', cell: 'td:nth-child(3)', head: 'Size' })
  })

  it('stops when a person stops it, and says that its page has gone', async () => {
    const trial = await finished(await start(broken))
    expect((await served.remove(`/v1/site-trials/${trial.id}/page`)).status).toBe(204)
    await eventually('the browser has gone', async () => {
      const { status, body } = await served.post(`/v1/site-trials/${trial.id}/continue`, { profile: profile(good), from: 2 })
      return status === 404 && body.error.includes('does not stand open')
    })
    expect((await served.get('/v1/site-trials/trial_nonesuch-0/page')).status).toBe(404)
  })
})

/** Of a place on a picture: red, green, blue. */
async function colourAt(page: Page, { id }: Trial, part: string, place: { x: number; y: number }): Promise<number[]> {
  const { body } = await served.get(`/v1/site-trials/${id}/pictures/${part}`)
  return page.evaluate(
    async (base64, { x, y }) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
      const picture = await createImageBitmap(new Blob([bytes], { type: 'image/jpeg' }))
      const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d')
      canvas?.drawImage(picture, 0, 0)
      return [...(canvas?.getImageData(x, y, 1, 1).data ?? [])].slice(0, 3)
    },
    Buffer.from(body).toString('base64'),
    place,
  )
}

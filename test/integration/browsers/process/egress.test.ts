/** What a session's browser reaches: written origins and public addresses, and nothing else by any way a page has. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { chromiumPath, startChromium } from '../../../fixtures/chromium.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { loopbackAllowed } from '../../../fixtures/loopback.ts'
import { startNosySite, startVictim, ways, type NosySite, type Victim } from '../../../fixtures/nosy-site.ts'

let served: ServedBrowsers
let site: NosySite
/** Some program on this machine, and one of Wheelhouse's own listeners. */
let victim: Victim
let own: Victim
let session: string

beforeAll(async () => {
  ;[site, victim, own] = await Promise.all([startNosySite(), startVictim(), startVictim()])
  served = await serveBrowsers({ settings: { network: { allowedRanges: [] }, browsers: { executable: chromiumPath } } })
  served.context.egress.addListener(own.port)
  await served.room.profiles.put('nosy', siteProfile.parse({ name: 'nosy', title: 'Nosy', kind: 'none', address: site.url }), 'owner')
  session = (await served.post('/v1/browser-sessions', { profile: 'nosy' })).body.session.id
  await eventually('the page is open', async () => (await view()).state === 'ready')
})
beforeEach(() => {
  victim.reached.clear()
  own.reached.clear()
})
afterEach(() => served.context.change({ network: { allowedRanges: [] } }))
afterAll(async () => {
  await served.stop()
  await Promise.all([site, victim, own].map((each) => each.stop()))
})

const view = async () => (await served.get(`/v1/browser-sessions/${session}`)).body.session
const events = async (): Promise<string[]> =>
  (await served.get(`/v1/browser-sessions/${session}`)).body.events
    .filter(({ kind }: { kind: string }) => kind === 'address-refused')
    .map(({ text }: { text: string }) => text)
const goTo = (address: string) => served.post(`/v1/browser-sessions/${session}/navigate`, { address })
/** Resolves when the page has tried everything and each try is over. */
async function tryEverything(target: string): Promise<void> {
  const done = site.done(target)
  await goTo(`${site.url}/try?target=${encodeURIComponent(target)}`)
  await done
}

describe('a page that tries everything', () => {
  it('reaches what the settings allow, by every way there is, and sends nothing past the proxy', async () => {
    served.context.change({ network: loopbackAllowed })
    await tryEverything(`http://127.0.0.1:${victim.port}`)
    await eventually('it was reached by every way', () => ways.every((way) => victim.reached.has(way)))
    expect(victim.reached).not.toContain('udp')
  })

  it.each(['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', 'any.localhost'])(
    'reaches nothing on this machine as %s',
    async (host) => {
      await tryEverything(`http://${host}:${victim.port}`)
      expect([...victim.reached]).toEqual([])
      expect(await events()).toContainEqual(expect.stringMatching(new RegExp(`:${victim.port} may not be reached: it is a`)))
    },
  )

  it("reaches none of Wheelhouse's own listeners, not where everything is allowed", async () => {
    served.context.change({ network: { allowedRanges: ['0.0.0.0/0', '::/0'] } })
    for (const host of ['127.0.0.1', 'localhost']) await tryEverything(`http://${host}:${own.port}`)
    expect([...own.reached]).toEqual([])
    expect(await events()).toContainEqual(`127.0.0.1:${own.port} may not be reached: it is Wheelhouse itself`)
  })

  it('does not reach the proxy that it goes through, nor what that opens, by asking it for itself', async () => {
    served.context.change({ network: loopbackAllowed })
    const port = /127\.0\.0\.1:(\d+)/.exec((await commandLine()).find((argument) => argument.startsWith('--proxy-server=')) ?? '')?.[1]
    const target = `http://127.0.0.1:${port}`
    await tryEverything(target)
    expect(await events()).toContainEqual(`127.0.0.1:${port} may not be reached: it is Wheelhouse itself`)
  })
})

describe('an address that a caller names', () => {
  it('is refused at once where it says by itself where it leads, in the shape of the contract', async () => {
    for (const address of [
      `http://127.0.0.1:${victim.port}/`,
      'http://2130706433/',
      'http://169.254.169.254/latest/meta-data',
      'http://[fec0::1]/',
      'http://[::7f00:1]/',
    ]) {
      const refusal = { status: 400, body: { success: false, error: expect.stringContaining('may not be reached') } }
      expect(await served.post('/v1/browser-sessions', { profile: 'plain', address })).toMatchObject(refusal)
      expect(await goTo(address)).toMatchObject(refusal)
    }
    expect((await served.get('/sessions')).body.active_sessions).toBe(1)
  })

  it("does not lead to Wheelhouse's own listeners by a redirect, and the session says why", async () => {
    served.context.change({ network: loopbackAllowed })
    const target = `http://localhost:${own.port}`
    const { body } = await served.post('/v1/browser-sessions', {
      profile: 'plain',
      address: `${site.url}/redirect?target=${encodeURIComponent(target)}`,
    })
    const opened = await eventually('it needs a person', async () => {
      const { session: shown } = (await served.get(`/v1/browser-sessions/${body.session.id}`)).body
      return shown.state === 'needs-you' && shown
    })
    expect(opened.reason).toBe(`localhost:${own.port} may not be reached: it is Wheelhouse itself`)
    expect([...own.reached]).toEqual([])
    await served.remove(`/v1/browser-sessions/${body.session.id}`)
  })

  it('opens what a profile says and not its neighbours, also for another profile', async () => {
    expect((await goTo(`${site.url}/`)).status).toBe(204)
    expect(await served.post('/v1/browser-sessions', { profile: 'plain', address: site.url })).toMatchObject({ status: 400 })
  })

  it('of a link that is clicked is judged as well', async () => {
    await goTo(`${site.url}/link?target=${encodeURIComponent(`http://127.0.0.1:${victim.port}`)}`)
    const page = served.room.service.get(session).page()
    await eventually('the link is there', async () => (await page.title().catch(() => '')) === 'Link')
    await page.evaluate(() => document.querySelector('a')?.click())
    await eventually('the browser shows that it was refused', async () =>
      (await page.evaluate(() => document.documentURI).catch(() => '')).startsWith('chrome-error:'),
    )
    expect([...victim.reached]).toEqual([])
  })
})

it('a browser without the proxy and its flags would have been reached and would have sent past it', async () => {
  const bare = await startChromium()
  try {
    const page = await bare.freshPage()
    await page.goto(`${site.url}/try?target=${encodeURIComponent(`http://127.0.0.1:${victim.port}`)}`)
    await eventually('it was reached', () => victim.reached.has('udp') && victim.reached.has('img'))
  } finally {
    await bare.stop()
  }
})

async function commandLine(): Promise<string[]> {
  const { readFile } = await import('node:fs/promises')
  return (await readFile(`/proc/${served.room.service.get(session).browser.running?.pid}/cmdline`, 'utf8')).split('\0')
}

import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { siteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import type { LoginRecording } from '../../../../server/browsers/contract/login-recording.ts'
import type { Trial } from '../../../../server/browsers/contract/trial.ts'
import { serveBrowsers, type ServedBrowsers } from '../../../fakes/served-browsers.ts'
import { eventually } from '../../../fixtures/eventually.ts'
import { startLoginSites, type LoginSites } from '../../../fixtures/login-sites/sites.ts'

let served: ServedBrowsers
let sites: LoginSites
beforeAll(async () => {
  ;[served, sites] = await Promise.all([serveBrowsers(), startLoginSites()])
})
afterAll(async () => {
  await served.stop()
  await sites.stop()
})

/** A recording that has begun at this address, with the page of its live view. */
async function recordAt(address: string) {
  const { id } = (await served.post('/v1/login-recordings', { address })).body.recording as LoginRecording
  const path = `/v1/login-recordings/${id}`
  const now = async () => (await served.get(path)).body.recording as LoginRecording
  const begun = await eventually('the page is open', async () => {
    const recording = await now()
    return recording.arrivedAt === address && recording.session !== null ? recording : undefined
  })
  const session = served.room.service.get(begun.session ?? '')
  return { session, now, end: async () => (await served.remove(path)).body.recording as LoginRecording }
}

async function tried(profile: object): Promise<Trial> {
  const { id } = (await served.post('/v1/site-trials', { profile, username: 'anna', password: 'right' })).body.trial as Trial
  return eventually('the trial is over', async () => {
    const trials = (await served.get('/v1/site-trials?site=yard')).body.trials as Trial[]
    return trials.find((trial) => trial.id === id && trial.ms !== null)
  })
}

/** A window is there before what is done in it is recorded: until the recorder has its world there. */
async function isListenedTo(window: Page): Promise<void> {
  const cdp = await window.createCDPSession()
  const worlds: string[] = []
  cdp.on('Runtime.executionContextCreated', ({ context }) => worlds.push(context.name))
  await cdp.send('Runtime.enable')
  await eventually('it is listened to', () => worlds.some((name) => /^_[0-9a-f]+$/.test(name)))
  await cdp.detach()
}

describe('a login that was recorded by doing it', () => {
  it('is heard as well in a page that has written itself anew', async () => {
    const { session, now, end } = await recordAt(`${sites.url}/sso`)
    await session.page().waitForSelector('#sso')
    await session.page().evaluate(() => {
      document.open()
      document.write('<button id="written">Sign in</button>')
      document.close()
    })
    await session.page().click('#written')
    await eventually('the click is a step', async () => (await now()).steps.some(({ click }) => click === '#written'))
    await end()
  })

  it('through a window of its own for single sign-on, signs in when it is tried', async () => {
    const address = `${sites.url}/sso`
    const { session, now, end } = await recordAt(address)
    await (await session.page().waitForSelector('#sso'))?.click()
    const window = await eventually('the window is open', () => session.pages.list().find(({ url }) => url.includes('/idp'))?.page)
    await isListenedTo(window)
    await (await window.waitForSelector('#u'))?.type('anna')
    await (await window.waitForSelector('#p'))?.type('right')
    await eventually('the password is a step', async () => (await now()).steps.some(({ value }) => value === '{password}'))
    await window.click('#go')
    await eventually('the site has let them in', async () => (await now()).arrivedAt === `${sites.url}/in`)
    const { steps, success } = await end()
    expect(steps).toMatchObject([
      { click: '#sso' },
      { fill: '#u', value: '{username}' },
      { fill: '#p', value: '{password}' },
      { click: '#go' },
    ])
    expect(success).toEqual({ url: expect.stringContaining('/in') })
    const profile = siteProfile.parse({ name: 'yard', title: 'Yard', kind: 'form', address, login: { steps }, success })
    expect(await tried(profile)).toMatchObject({ state: 'passed', said: null })
  })

  it('suggests what signs out again as the sign that it came to its end', async () => {
    const { session, now, end } = await recordAt(`${served.portal.url}/login`)
    const page = session.page()
    await (await page.waitForSelector('#username'))?.type('user1')
    await page.type('#password', 'harbor-demo')
    await page.click('#sign-in')
    await eventually('signed in', async () => !(await now()).arrivedAt?.endsWith('/login'))
    await page.waitForSelector('#who')
    expect((await end()).success).toEqual({ selector: expect.stringContaining('Sign out') })
  })
})

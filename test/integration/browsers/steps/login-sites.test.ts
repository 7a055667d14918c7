import type { Page } from 'puppeteer-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { siteProfile, type SiteProfile } from '../../../../server/browsers/contract/site-profile.ts'
import type { SiteStep } from '../../../../server/browsers/contract/site-steps.ts'
import { signIn, type SignInTools } from '../../../../server/browsers/login/sign-in.ts'
import { createProfileStore, type ProfileStore } from '../../../../server/browsers/site/profiles.ts'
import { letIn } from '../../../../server/browsers/site/site-access.ts'
import { systemClock } from '../../../../server/clock.ts'
import { createSealer } from '../../../../server/secrets/seal.ts'
import { openDatabase } from '../../../../server/store/database.ts'
import { migrate } from '../../../../server/store/migrate.ts'
import { startChromium, type TestChromium } from '../../../fixtures/chromium.ts'
import { codeTime, startLoginSites, totpSecret, type LoginSites } from '../../../fixtures/login-sites/sites.ts'
import { patience } from '../../../fixtures/patience.ts'

let chromium: TestChromium
let sites: LoginSites
let profiles: ProfileStore
const opened: Page[] = []
beforeAll(async () => {
  ;[chromium, sites] = await Promise.all([startChromium(), startLoginSites()])
  const database = openDatabase(':memory:')
  migrate(database)
  const clock = { ...systemClock, now: () => codeTime }
  profiles = createProfileStore(database, { emit: () => undefined }, clock, createSealer(new Uint8Array(32)))
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((page) => page.browserContext().close()))
})
afterAll(async () => {
  await chromium.stop()
  await sites.stop()
})

type Given = Partial<Omit<Parameters<typeof siteProfile.parse>[0] & object, never>> & Record<string, unknown>

/** A busy machine is no site that does not go on: a step whose time a test does not name has all there is. */
const patient = (step: SiteStep): SiteStep => (step.ifShows === true || step.person !== undefined ? step : { within: patience, ...step })

/** As it would come by PUT and be read by a session. */
async function profileAt(path: string, steps: SiteStep[] | null, more: Given = {}): Promise<SiteProfile> {
  const { name: _, ...profile } = siteProfile.parse({
    name: 'site',
    title: 'Site',
    kind: steps === null ? 'none' : 'form',
    address: path.startsWith('http') ? path : sites.url + path,
    login: steps === null ? null : { steps: steps.map(patient) },
    success: { selector: '#who' },
    failure: { selector: '.no' },
    ...more,
  })
  await profiles.put('site', profile, 'owner')
  return profiles.get('site')
}

async function logIn(profile: SiteProfile, password = 'right', tools: Partial<SignInTools> = {}): Promise<Page> {
  const page = await chromium.freshPage()
  opened.push(page)
  const credentials = { username: 'anna', password }
  await letIn(page, profile, undefined, () => Promise.resolve({ ...credentials }))
  await signIn(page, profile, credentials, {
    solveCaptcha: { solve: () => Promise.reject(new Error('no captcha is asked for')) },
    signal: new AbortController().signal,
    report: () => undefined,
    textOf: ({ step }) => step,
    values: await profiles.valuesOf(profile),
    ...tools,
  })
  return page
}

const user: SiteStep[] = [
  { fill: '#u', value: '{username}' },
  { fill: '#p', value: '{password}' },
]
const plain: SiteStep[] = [...user, { click: '#s' }]
const inIdp: SiteStep[] = [...user, { click: '#go' }]

const table: [what: string, path: string, steps: SiteStep[], more?: Given][] = [
  ['two pages', '/two', [{ fill: '#u', value: '{username}' }, { click: '#next' }, { fill: '#p', value: '{password}' }, { press: 'Enter' }]],
  ['a frame', '/frame', plain],
  ['a shadow root', '/shadow', [{ fill: '>>> #u', value: '{username}' }, { fill: '>>> #p', value: '{password}' }, { click: '>>> #s' }]],
  ['a window of its own for single sign-on', '/sso', [{ click: 'text/Sign in with Yard' }, ...inIdp]],
  ['another origin and back', '/redirect', inIdp],
  ['a cookie banner', '/cookies', [{ click: '#agree', ifShows: true }, ...plain]],
  ['no cookie banner this time', '/terms', [{ click: '#agree', ifShows: true }, ...user, { tick: '#terms' }, { click: '#s' }]],
  [
    'a company and a region',
    '/company',
    [{ fill: '#c', value: '{company}' }, { choose: '#region', option: 'North' }, ...plain],
    { fields: { company: { value: 'ACME' } } },
  ],
  ['a button that keys enable', '/keyup', plain],
  ['a button that leaving the field enables', '/blur', plain],
  ['a question before it is sent', '/confirm', [...plain, { dialog: 'accept' }]],
  ['a question whether to stay', '/stay', [...plain, { waitFor: { text: 'Stay signed in' } }, { click: '#yes', ifShows: true }]],
  ['a one-time code', '/totp', [...plain, { fill: '#otp', value: '{totp}' }, { click: '#confirm' }], { totp: { secret: totpSecret } }],
  [
    'a box for each digit',
    '/boxes',
    [...plain, { fill: '.digit', value: '{totp}' }, { click: '#confirm' }],
    { totp: { secret: `otpauth://totp/a?secret=${totpSecret}` } },
  ],
  ['a page that never ends', '/endless', plain],
  [
    'another language',
    '/german',
    [{ fill: 'aria/Benutzername', value: '{username}' }, { fill: 'aria/Kennwort', value: '{password}' }, { click: 'text/Anmelden' }],
  ],
]

describe('a login that is described by its steps alone', () => {
  it.each(table)('passes %s', async (_, path, steps, more) => {
    const page = await logIn(await profileAt(path, steps, more))
    expect(await page.$eval('#who', (element) => element.textContent)).toBe('Signed in')
  })

  it('waits for a person who has the code from a mail, and goes on when they give back', async () => {
    const asked = Promise.withResolvers<string>()
    const helped = Promise.withResolvers<void>()
    const states: string[] = []
    const profile = await profileAt('/mail', [...plain, { person: 'Type the code from the mail' }, { click: '#confirm' }])
    const signedIn = logIn(profile, 'right', {
      askPerson: (what) => {
        asked.resolve(what)
        return { gaveBack: helped.promise, end: () => states.push('over') }
      },
      observe: ({ state, index }) => void states.push(`${index + 1} ${state}`),
    })
    expect(await asked.promise).toBe('Type the code from the mail')
    await (await opened.at(-1)?.waitForSelector('#code'))?.type('4711')
    helped.resolve()
    await signedIn
    expect(states.slice(6, 12)).toEqual(['4 running', '4 waiting', 'over', '4 done', '5 running', '5 done'])
  })

  it('answers the question that HTTP itself asks, and goes past the certificate that the profile makes an exception for', async () => {
    const basic = await profileAt('/basic', null, { httpAuth: { username: '{username}', password: '{password}' } })
    expect(await (await logIn(basic)).$('#who')).not.toBeNull()
    await expect(logIn(await profileAt(`${sites.secure}/keyup`, plain))).rejects.toMatchObject({ code: 'login-unreachable' })
    const trusted = await profileAt(`${sites.secure}/keyup`, plain, { ignoreCertificateErrors: true })
    expect(await (await logIn(trusted)).$('#who')).not.toBeNull()
  })

  it('hears a refusal in a toast that goes away again, without the password in it', async () => {
    const profile = await profileAt('/toast', plain, { failure: { selector: '.toast' } })
    await expect(logIn(profile, 'wrong-4711')).rejects.toMatchObject({
      code: 'authentication-failed',
      details: { reason: 'Wrong password, [removed]' },
    })
  })

  it('is refused between its pages, too', async () => {
    const profile = await profileAt('/totp', [...plain, { fill: '#otp', value: '{totp}' }], { totp: { secret: totpSecret } })
    await expect(logIn(profile, 'wrong')).rejects.toMatchObject({
      code: 'authentication-failed',
      details: { reason: 'Unknown user or password' },
    })
  })

  it('says which step failed, with which selector, and what the page showed instead', async () => {
    const profile = await profileAt('/code-boxes', [...user, { fill: '#otp', value: '{totp}', within: 400 }], {
      totp: { secret: totpSecret },
    })
    const failed = await logIn(profile).catch((error: unknown) => error)
    expect(failed).toMatchObject({
      code: 'login-failed',
      message: expect.stringMatching(
        /^Step 3 \(fill \{totp\}\): nothing matched #otp within [\d.]+ s; the page shows 6 fields input\.code-digit/,
      ),
      details: {
        failure: {
          step: 3,
          selector: '#otp',
          seen: expect.arrayContaining([{ what: 'heading', selector: null, count: 1, text: 'Check it is you' }]),
        },
      },
    })
  })
})

describe('the secrets of a profile', () => {
  it('are used and never read back, and stay where a later version leaves them', async () => {
    const shown = await profileAt('/totp', plain, { totp: { secret: totpSecret }, fields: { pin: { value: '4711', secret: true } } })
    expect(JSON.stringify([shown, profiles.list()])).not.toMatch(/4711|JBSWY3/)
    expect(shown).toMatchObject({ totp: { set: true }, fields: { pin: { secret: true, set: true } } })
    await profiles.put('site', { ...shown, title: 'Renamed' }, 'owner')
    expect((await profiles.valuesOf(profiles.get('site')))()).toMatchObject({ pin: '4711', totp: expect.stringMatching(/^\d{6}$/) })
    await profiles.put('site', { ...shown, totp: null, fields: {} }, 'owner')
    expect((await profiles.valuesOf(profiles.get('site')))()).toEqual({})
  })

  it.each([
    ['a selector that is none', { login: { steps: [{ click: 'button[[' }] } }, 'login.steps.0 is not a valid selector'],
    ['a name that nothing stands for', { login: { steps: [{ fill: '#c', value: '{compnay}' }] } }, 'has no field of that name'],
    ['a secret that makes no codes', { totp: { secret: '!' } }, 'totp.secret makes no one-time codes'],
  ])('are refused with %s', async (_, more, said) => {
    await expect(profileAt('/two', plain, more)).rejects.toThrow(said)
  })
})

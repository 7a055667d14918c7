/**
 * `npm run screenshots`: starts the house on the mock portal, fills it with a working day, and takes every page in light and dark; with
 * words after `--`, those alone whose name has one of them.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { launch, type Page } from 'puppeteer-core'
import { ageBots, botsDay, linkBots } from './fixtures/bots-day.ts'
import { brokerDay } from './fixtures/broker-day.ts'
import { loginDay } from './fixtures/login-day.ts'
import { relayDay } from './fixtures/relay-day.ts'
import type { RelayPort } from './fixtures/relay-port.ts'
import { startPortal } from './fixtures/portal/portal.ts'
import { startServer, type ServerProcess } from './fakes/server-process.ts'
import { WhatsAppDouble } from './fakes/whatsapp/double.ts'
import { MediaServer } from './fakes/whatsapp/media.ts'
import { chromiumPath } from './fixtures/chromium.ts'

const pictures = join(import.meta.dirname, '..', 'docs', 'pictures')
const size = { width: 1_440, height: 900 }

interface Shot {
  name: string
  /** The window's route. */
  route: string
  /** Brings the page into the state to be shown. */
  prepare?(page: Page): Promise<void>
}

mkdirSync(pictures, { recursive: true })
const portal = await startPortal({ port: 0 })
const media = new MediaServer()
await media.start()
// People here and the server put their files there, and fetch them.
setDefaultCACertificates([...getCACertificates(), media.certificate.cert])
const trusted = join(mkdtempSync(join(tmpdir(), 'wheelhouse-shots-')), 'pretend-media.pem')
writeFileSync(trusted, media.certificate.cert)
const double = await WhatsAppDouble.start({ media })
const server = await withOldBots()
const endsOfDay: (() => Promise<void>)[] = []
let port: RelayPort
const browser = await launch({
  executablePath: chromiumPath,
  pipe: true,
  args: ['--no-sandbox', '--force-color-profile=srgb', '--hide-scrollbars'],
  defaultViewport: size,
})
try {
  const page = await signedIn(server)
  await shoot(page, [{ name: 'browsers-empty', route: '/browsers' }])
  await fill(server)
  const opened = await sessions(server)
  await shoot(page, [
    { name: 'overview', route: '/' },
    { name: 'browsers', route: `/browsers?session=${opened[0]?.id ?? ''}`, prepare: liveView },
    { name: 'browsers-session', route: `/browsers/${opened[0]?.id ?? ''}`, prepare: liveView },
    { name: 'browsers-session-state', route: `/browsers/${opened[0]?.id ?? ''}`, prepare: (window) => sideTab(window, 'State') },
    { name: 'browsers-session-clients', route: `/browsers/${opened[0]?.id ?? ''}`, prepare: (window) => sideTab(window, 'Clients') },
    { name: 'browsers-session-downloads', route: `/browsers/${opened[0]?.id ?? ''}`, prepare: downloads },
    { name: 'browsers-session-window', route: `/browsers/${opened[1]?.id ?? ''}?window=1`, prepare: liveView },
    { name: 'browsers-session-crashed', route: `/browsers/${opened[2]?.id ?? ''}`, prepare: crashed },
    { name: 'browsers-wall', route: '/browsers', prepare: wall },
    { name: 'browsers-sites', route: '/browsers/sites' },
    { name: 'browsers-steps', route: '/browsers/sites/customs', prepare: failedTrial },
    { name: 'browsers-recording', route: '/browsers/recordings', prepare: player },
    { name: 'browsers-asleep', route: '/browsers', prepare: asleep },
    { name: 'open-session', route: '/browsers?open', prepare: (window) => window.waitForSelector('[role=dialog]').then(() => undefined) },
    { name: 'brokers', route: '/brokers?session=orders-prod' },
    { name: 'brokers-messages', route: '/brokers?session=orders-prod&tab=messages', prepare: liveTail },
    { name: 'brokers-access', route: '/brokers?session=fleet-telemetry&tab=access' },
    { name: 'brokers-access-rules', route: '/brokers?session=fleet-telemetry&tab=access', prepare: triedRule },
    { name: 'brokers-rules', route: '/brokers?session=fleet-telemetry&tab=rules' },
    { name: 'brokers-rule', route: '/brokers?session=fleet-telemetry&tab=rules', prepare: brokerRule },
    { name: 'brokers-bridges', route: '/brokers?session=fleet-telemetry&tab=bridges' },
    {
      name: 'bots',
      route: '/bots?bot=bot_15550100381',
      prepare: (window) => window.waitForSelector('aside [role=alert]').then(() => undefined),
    },
    { name: 'bots-pairing', route: '/bots/link?bot=bot_15550100188', prepare: pairing },
    {
      name: 'bots-chat',
      route: '/bots/bot_15550100177/chats?chat=15550100011@s.whatsapp.net',
      prepare: (window) => window.waitForSelector('[data-delivery=read]').then(() => undefined),
    },
    { name: 'bots-media', route: '/bots/bot_15550100177/chats?chat=120363040000000001@g.us', prepare: filesShown },
    { name: 'bots-group', route: '/bots/bot_15550100177/chats?chat=120363040000000001@g.us', prepare: groupPanel },
    { name: 'bots-rules', route: '/bots/bot_15550100177/rules', prepare: ruleTest },
    { name: 'bots-webhooks', route: '/bots/bot_15550100177/webhooks', prepare: openedDelivery },
    { name: 'bots-settings', route: '/bots/bot_15550100177/settings' },
    { name: 'logins', route: '/logins' },
    { name: 'logins-statistics', route: '/logins?tab=statistics' },
    { name: 'logins-keys', route: '/logins?tab=keys' },
    { name: 'relay', route: '/relay', prepare: newestCall },
    { name: 'relay-search', route: '/relay?tab=sessions', prepare: waitingCall },
    { name: 'relay-installing', route: '/relay', prepare: installing },
    { name: 'relay-api', route: '/relay', prepare: chosenOperations },
    { name: 'relay-accounts', route: '/relay?tab=accounts' },
    { name: 'relay-calls', route: '/relay?tab=calls' },
    { name: 'keys', route: '/keys' },
    { name: 'new-key', route: '/keys/new', prepare: halfMadeKey },
    { name: 'activity', route: '/activity' },
    { name: 'settings-general', route: '/settings/general' },
    { name: 'settings-network', route: '/settings/network' },
    { name: 'settings-browsers', route: '/settings/browsers' },
    { name: 'settings-bots', route: '/settings/bots' },
    { name: 'settings-security', route: '/settings/security' },
    { name: 'settings-data', route: '/settings/data' },
    { name: 'settings-about', route: '/settings/about' },
    { name: 'palette', route: '/', prepare: palette },
  ])
} finally {
  await browser.close()
  for (const end of endsOfDay) await end()
  await server.end()
  await double.stop()
  await media.stop()
  rmSync(dirname(trusted), { recursive: true, force: true })
  await portal.stop()
  rmSync(server.dataDir, { recursive: true, force: true })
}

/** Bots have a past only if they were linked before: by a server that has ended, twelve days ago as far as its database knows. */
async function withOldBots(): Promise<ServerProcess> {
  const args = ['--whatsapp-url', double.url]
  const env = { NODE_EXTRA_CA_CERTS: trusted }
  const earlier = await startServer({ built: true, args, env })
  await linkBots(earlier.call, double)
  await earlier.end()
  ageBots(earlier.dataDir)
  return startServer({ built: true, dataDir: earlier.dataDir, args, env })
}

async function signedIn({ ready, call }: ServerProcess): Promise<Page> {
  const { url } = (await (await call('/control/v1/sign-in-links', { method: 'POST' })).json()) as { url: string }
  const page = await browser.newPage()
  await page.goto(url.replace(/^http:\/\/[^/]+/, ready.control.url))
  await page.waitForSelector('nav[aria-label=Pages]')
  return page
}

/** Sessions of every room in different states, a few keys: enough to see every part at work. */
async function fill(house: ServerProcess): Promise<void> {
  const { call } = house
  const { name: _, ...profile } = portal.siteProfile()
  await call('/control/v1/site-profiles/harbor-gate', { method: 'PUT', json: { ...profile, title: 'Harbor Gate' } })
  const { captcha } = profile
  const customs = await call('/control/v1/site-profiles/customs', {
    method: 'PUT',
    json: {
      ...profile,
      ...{ title: 'Customs desk', form: null, captcha: null },
      login: {
        steps: [
          { fill: '#username', value: '{username}' },
          { fill: '#password', value: '{password}' },
          { captcha, ifShows: true },
          { click: '#sign-in', label: 'Sign in' },
          { fill: '#otp', value: '{totp}', within: 2_000 },
          { person: 'Type the code from the message', on: '#code', ifShows: true, until: { selector: 'table' } },
        ],
      },
      totp: { secret: 'JBSWY3DPEHPK3PXP' },
    },
  })
  if (!customs.ok) throw new Error(await customs.text())
  await call('/control/v1/settings', {
    method: 'PATCH',
    json: { browsers: { defaultProfile: 'harbor-gate', captcha: { address: portal.captchaService.address } } },
  })
  for (const [name, rooms] of [
    ['warehouse-sync', ['browsers']],
    ['billing-export', ['browsers', 'control']],
    ['desk-2', ['control']],
  ] as const) {
    await call('/control/v1/keys', { method: 'POST', json: { name, rights: rooms.map((room) => `${room}:use`) } })
  }
  const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString()
  await call('/control/v1/keys', {
    method: 'POST',
    json: {
      name: 'old-importer',
      scopes: [
        { room: 'brokers', verb: 'read' },
        { room: 'brokers', verb: 'write' },
      ],
    },
  })
  await call('/control/v1/keys', {
    method: 'POST',
    json: { name: 'gate-tablet', rights: ['bots:use', 'brokers:manage'], from: '192.168.1.0/24', expiresAt: inDays(90) },
  })
  await call('/control/v1/keys', { method: 'POST', json: { name: 'deploy', rights: ['control:manage'], expiresAt: inDays(7) } })
  for (const user of ['user6', 'user5', 'user4', 'user3', 'user2', 'user1']) {
    await call('/browsers/get_session', {
      method: 'POST',
      json: { username: user, password: 'harbor-demo', captcha_api_key: portal.captchaService.apiKey },
    })
  }
  const [first, second] = await sessions({ call })
  for (const holder of ['billing-export', 'nightly-check'])
    await call(`/browsers/v1/browser-sessions/${first?.id ?? ''}/leases`, { method: 'POST', json: { holder, seconds: 300 } })
  await call(`/browsers/v1/browser-sessions/${second?.id ?? ''}/leases`, { method: 'POST', json: { holder: 'yard-map', seconds: 120 } })
  await recordOne(call, first?.id ?? '')
  await call('/browsers/get_session', {
    method: 'POST',
    json: { username: 'user9', password: 'wrong', captcha_api_key: portal.captchaService.apiKey },
  })
  endsOfDay.push(await brokerDay(house))
  endsOfDay.push(await botsDay(house, double))
  await loginDay(house)
  port = await relayDay(house)
  endsOfDay.push(() => port.end())
}

/** A look at some pages, recorded. */
async function recordOne(call: ServerProcess['call'], session: string): Promise<void> {
  const base = `/browsers/v1/browser-sessions/${session}`
  const { id } = (await (await call(`${base}/recording`, { method: 'POST' })).json()) as { id: string }
  for (const [frames, path] of ['/holds', '/myappointments', '/containers'].entries()) {
    await call(`${base}/navigate`, { method: 'POST', json: { address: portal.url + path } })
    for (let seen = 0; seen < frames + 1;) {
      const { times } = (await (await call(`/browsers/v1/browser-recordings/${id}`)).json()) as { times: number[] }
      seen = times.length
    }
  }
  await call(`${base}/recording`, { method: 'DELETE' })
}

async function sessions({ call }: Pick<ServerProcess, 'call'>): Promise<{ id: string; username: string }[]> {
  const { sessions: all } = (await (await call('/browsers/v1/browser-sessions')).json()) as { sessions: { id: string; username: string }[] }
  return all.toSorted((a, b) => a.username.localeCompare(b.username))
}

async function liveView(page: Page): Promise<void> {
  await page.waitForSelector('canvas:not(.invisible)', { timeout: 15_000 })
}

/** Each session at another page. Leaves the table as it was found: the choice is remembered. */
async function wall(page: Page): Promise<void> {
  const paths = ['/containers', '/holds', '/myappointments', '/returns', '/lab']
  for (const [index, { id }] of (await sessions(server)).entries())
    await server.call(`/browsers/v1/browser-sessions/${id}/navigate`, {
      method: 'POST',
      json: { address: portal.url + (paths[index % paths.length] ?? '') },
    })
  await page.locator('[role=tab]::-p-text(Wall)').click()
  await liveView(page)
  await page.waitForFunction(() =>
    [...document.querySelectorAll('article canvas')].every((canvas) => (canvas as HTMLCanvasElement).width !== 300),
  )
  await page.evaluate(() => localStorage.setItem('wheelhouse.browsers', 'table'))
}

async function sideTab(page: Page, label: string): Promise<void> {
  await page.locator(`[role=tab]::-p-text(${label})`).click()
  await liveView(page)
}

/** One that is done and one that arrives. */
async function downloads(page: Page): Promise<void> {
  const base = `/browsers/v1/browser-sessions/${(await sessions(server))[0]?.id ?? ''}`
  const { downloads: known } = (await (await server.call(`${base}/downloads`)).json()) as { downloads: unknown[] }
  for (const path of known.length === 0 ? ['/containers.csv', '/gate-log.csv'] : [])
    await server.call(`${base}/navigate`, { method: 'POST', json: { address: portal.url + path } })
  await sideTab(page, 'Downloads')
  await page.waitForSelector('::-p-text(gate-log.csv)')
}

/** It is killed from outside, once. */
async function crashed(page: Page): Promise<void> {
  const id = /[^/]+$/.exec(page.url())?.[0] ?? ''
  const { session } = (await (await server.call(`/browsers/v1/browser-sessions/${id}`)).json()) as {
    session: { pid: number | null; closedAt: string | null }
  }
  if (session.pid !== null) process.kill(session.pid, 'SIGKILL')
  await page.waitForSelector('section[aria-label="Why it ended"]')
}

/** Two sleep from then on. */
async function asleep(page: Page): Promise<void> {
  for (const { id } of (await sessions(server)).slice(-2))
    await server.call(`/browsers/v1/browser-sessions/${id}/hibernate`, { method: 'POST' })
  await page.waitForSelector('::-p-text(Hibernated)')
}

/** A login whose last step looks for something that the page does not have. */
async function failedTrial(page: Page): Promise<void> {
  await page.locator('button::-p-text(Try it)').click()
  const field = (label: string): string => `::-p-xpath(//*[@role="dialog"]//label[normalize-space()="${label}"]/following::input[1])`
  await page.locator(field('username')).fill('customs-desk')
  await page.locator(field('password')).fill('harbor-demo')
  await page.locator(field('captcha_api_key')).fill(portal.captchaService.apiKey)
  await page.locator('[role=dialog] button[type=submit]').click()
  await page.waitForSelector('::-p-text(Seen instead)', { timeout: 60_000 })
}

async function player(page: Page): Promise<void> {
  await page.locator('button[aria-label^="Play the recording"]').click()
  await page.waitForFunction(() => document.querySelector<HTMLCanvasElement>('[role=dialog] canvas')?.width !== 300)
}

/** A live tail that runs, with one of its messages in full. */
async function liveTail(page: Page): Promise<void> {
  await page.locator('section[aria-label=Messages] button[type=submit]').click()
  await page.locator('section[aria-label=Messages] li button').click()
  await page.waitForSelector('section[aria-label=Messages] aside')
}

async function pairing(page: Page): Promise<void> {
  const bot = { userId: 'bot_15550100188', phoneNumber: '15550100188', label: 'Weighbridge' }
  await server.call('/bots/v1/bots', { method: 'POST', json: bot })
  // The code of the first theme's picture may be over by that of the second.
  await server.call(`/bots/v1/bots/${bot.userId}/restart`, { method: 'POST' })
  await page.waitForSelector('[data-pairing-code][aria-label^="Pairing code"]')
}

/** Pictures are here, and the wave form of what was said; beside them a message that was not sent. */
async function filesShown(page: Page): Promise<void> {
  await page.waitForSelector('[data-kind=sticker] img')
  await page.waitForFunction(() => [...document.querySelectorAll('[role=log] img')].every((image) => (image as HTMLImageElement).complete))
  await page.locator('button[title="Why, and what to do"]').click()
  await page.waitForSelector('::-p-text(Send from another bot)')
}

async function groupPanel(page: Page): Promise<void> {
  await page.locator('button[aria-label="About the group"]').click()
  await page.waitForSelector('::-p-text(Rules of the group)')
}

/** A delivery that was refused, with what was sent and answered. */
async function openedDelivery(page: Page): Promise<void> {
  await page.locator('section[aria-label=Webhooks] li ::-p-text(Deliveries)').click()
  await page.locator('section[aria-label=Deliveries] li button ::-p-text(answered 422)').click()
  await page.waitForSelector('section[aria-label=Answered]')
}

async function ruleTest(page: Page): Promise<void> {
  await page.locator('ol li:nth-child(2) button.flex-1').click()
  await page.locator('[aria-label="Sample text"]').fill('What are your opening hours?')
  await page.waitForSelector('section[aria-label=Test] p.rounded-lg')
}

async function brokerRule(page: Page): Promise<void> {
  await page.locator('button[aria-label="More of too fast"]').click()
  await page.locator('::-p-aria([name="Change"][role="menuitem"])').click()
  await page.locator('input[aria-label="Topic of the sample"]').fill('fleet/truck-07/position')
  await page.locator('input[aria-label="Content of the sample"]').fill('{ "speed": 71 }')
  await page.waitForSelector('section[aria-label=Trial] pre')
}

async function newestCall(page: Page): Promise<void> {
  await page.locator('section[aria-label=Inspector] li button').click()
  await page.waitForSelector('section[aria-label=Inspector] pre')
}

/** An agent has searched, a call waits, and a tool has changed. */
async function waitingCall(page: Page): Promise<void> {
  await port.ask()
  await page.waitForSelector('aside[aria-label=Approvals] [role=timer]')
  await page.waitForSelector('section[aria-label=Session] ol li')
}

/** A server on its way here, beside one that failed and one that is away. */
async function installing(page: Page): Promise<void> {
  const row = await page.waitForSelector('[aria-label="Start of harbor-db"]')
  await row?.evaluate((element) => element.scrollIntoView({ block: 'center' }))
}

/** An API whose description was read, with some operations left out. */
async function chosenOperations(page: Page): Promise<void> {
  await page.locator('button[aria-label="Add server"]').click()
  await page.locator('[role=dialog] button ::-p-text(API)').click()
  await page.locator('[role=dialog] input[type=url]').fill(port.apiAddress)
  await page.locator('[role=dialog] button[type=submit]').click()
  await page.waitForSelector('[role=group][aria-label=Operations] label')
  await page.locator('[role=dialog] button ::-p-text(Reading only)').click()
}

/** The rules of a truck, with one that says no to what is tried. */
async function triedRule(page: Page): Promise<void> {
  await page.locator('button[aria-label="More of truck-44"]').click()
  await page.locator('::-p-aria([name="Edit rules"][role="menuitem"])').click()
  await page.locator('input[aria-label="Topic to try"]').fill('fleet/alarms/all')
  await page.locator('::-p-aria([name="Try"][role="button"])').click()
  await page.waitForSelector('li[aria-label="Rule 1, which decided"]')
}

/** A key for one bot and one broker session, before it is made. */
async function halfMadeKey(page: Page): Promise<void> {
  const box = (label: string): string => `[role=checkbox][aria-label="${label}"]`
  await page.waitForSelector(box('Bots: use'))
  for (const label of ['Brokers: use', 'Bots: use', 'Activity: use']) await page.locator(box(label)).click()
  for (const [room, name] of [
    ['Brokers', 'fleet-telemetry'],
    ['Bots', 'Driver help'],
  ] as const) {
    await page.locator(`button[aria-label="${room}: only for"]`).click()
    await page.locator(`::-p-xpath(//*[@role="option"][contains(., "${name}")])`).click()
    await page.keyboard.press('Escape')
    await page.waitForFunction(() => document.querySelector('[role=listbox]') === null)
  }
  await page.locator('form input[maxlength]').fill('driver-tablet')
  await page.locator('form input[spellcheck=false]').fill('192.168.1.0/24')
}

async function palette(page: Page): Promise<void> {
  await page.keyboard.down('Control')
  await page.keyboard.press('k')
  await page.keyboard.up('Control')
  await page.waitForSelector('[role=dialog] input')
}

async function shoot(page: Page, all: readonly Shot[]): Promise<void> {
  const words = process.argv.slice(2)
  const shots = all.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: theme },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ])
    for (const { name, route, prepare } of shots) {
      for (const path of ['/', route]) {
        await page.goto(`${server.ready.control.url}/#${path}`)
        // A page is loaded when it is first opened, which a busy machine does after the network has long been idle.
        await page.waitForFunction((isHome) => document.title.startsWith('Overview') === isHome, {}, path === '/')
      }
      await page.waitForNetworkIdle({ idleTime: 300, timeout: 10_000 }).catch(() => undefined)
      await prepare?.(page)
      await page.screenshot({ path: join(pictures, `${name}-${theme}.png`) })
      await page.keyboard.press('Escape')
    }
  }
  console.log(`${shots.length * 2} pictures in docs/pictures`)
}

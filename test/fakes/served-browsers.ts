/** The browsers room served over HTTP, driving real Chromium, with a mock portal as its default site. */
import { startRealTimer, type StartTimer } from '../../server/async/deadline.ts'
import type { Clock } from '../../server/clock.ts'
import { sessionText } from '../../server/words.ts'
import { createBrowsersRoom, type BrowsersOptions, type BrowsersRoom } from '../../server/browsers/index.ts'
import type { SiteProfile } from '../../server/browsers/contract/site-profile.ts'
import type { SettingsPatch } from '../../server/config/settings.ts'
import { createRoomContext, type TestContext } from './room-context.ts'
import { serveApi } from './served-api.ts'
import { loopbackAllowed } from '../fixtures/loopback.ts'
import { patience } from '../fixtures/patience.ts'
import { startPortal, type Portal, type PortalOptions } from '../fixtures/portal/portal.ts'
import { ownerStanding, type Standing } from '../../server/http/rights.ts'

export interface ServedBrowsers {
  url: string
  room: BrowsersRoom
  context: TestContext
  portal: Portal
  get(path: string, as?: string): Promise<Reply>
  /** `as`: with a key of that name, which sees its own sessions alone. */
  post(path: string, body?: unknown, as?: string): Promise<Reply>
  remove(path: string): Promise<Reply>
  /** `POST /get_session` of the portal's user of this number. */
  open(user: number): Promise<Reply>
  /** Takes as long as ending all browsers takes. */
  stop(): Promise<void>
}

export interface Reply {
  status: number
  // Tests look into answers by name and fail by their own expectations.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
}

export interface ServeOptions {
  clock?: Clock
  settings?: SettingsPatch
  portal?: PortalOptions
  profile?: Partial<SiteProfile>
  room?: Omit<BrowsersOptions, 'textOf'>
  dataDir?: string
}

const key = 'a-key-for-tests'

/** A busy machine is no silent browser: what a test does not say is silent has all the time there is. */
export const patientTimer: StartTimer = (ms, ring) => startRealTimer(Math.max(ms, patience), ring)

/** What else runs here takes memory as it likes, and no session ends for that: there is room for all that a test opens. */
export const roomyMachine = (): { totalBytes: number; availableBytes: number } => ({
  totalBytes: 64_000_000_000,
  availableBytes: 48_000_000_000,
})

/** Of a key that sees what it has made. */
const standingOf = (name: string): Standing => ({
  maker: `key:${name}`,
  may: (right) => right === 'browsers:use',
  reaches: (_, { makers }) => makers.includes(`key:${name}`),
})

export async function serveBrowsers({
  clock,
  settings = {},
  portal: portalOptions,
  profile = {},
  room: { upkeep = { tick: 50, pingEvery: 200 }, ...roomOptions } = {},
  dataDir,
}: ServeOptions = {}): Promise<ServedBrowsers> {
  const portal = await startPortal({ captcha: 'none', ...portalOptions })
  const context = createRoomContext({
    ...(clock ? { clock } : {}),
    ...(dataDir === undefined ? {} : { dataDir }),
    settings: {
      network: loopbackAllowed,
      ...settings,
      browsers: {
        executable: process.env['WHEELHOUSE_BROWSER'] ?? null,
        defaultProfile: 'harbor-gate',
        captcha: { address: portal.captchaService.address },
        ...settings.browsers,
      },
    },
  })
  const room = createBrowsersRoom(context, { upkeep, startTimer: patientTimer, machine: roomyMachine, ...roomOptions, textOf: sessionText })
  const { name, ...site } = portal.siteProfile(profile)
  await room.profiles.put(name, site, 'system')
  await room.start()
  const served = await serveApi(await room.api.load(), {
    authority: {
      byKey: (secret) => {
        if (secret === key) return { caller: { kind: 'owner' }, standing: ownerStanding, may: () => true, used: () => {} }
        const [, name] = /^key-of-(\w+)$/.exec(secret) ?? []
        return name === undefined
          ? null
          : { caller: { kind: 'key', id: name, name }, standing: standingOf(name), may: () => true, used: () => {} }
      },
      byCookie: () => null,
    },
  })
  const call = async (method: string, path: string, body?: unknown, as?: string): Promise<Reply> => {
    const response = await fetch(served.url + path, {
      method,
      headers: {
        'x-api-key': as === undefined ? key : `key-of-${as}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const json = response.headers.get('content-type')?.includes('json')
    return { status: response.status, body: json ? await response.json() : await response.bytes() }
  }
  return {
    url: served.url,
    room,
    context,
    portal,
    get: (path, as) => call('GET', path, undefined, as),
    post: (path, body = {}, as) => call('POST', path, body, as),
    remove: (path) => call('DELETE', path),
    open: (user) => call('POST', '/get_session', { username: `user${user}`, password: 'harbor-demo', captcha_api_key: 'unused' }),
    async stop() {
      await room.stop()
      await served.stop()
      await portal.stop()
      context.dispose()
      // E.g. an event that a table of transitions does not allow.
      const defects = context.log.lines.filter(({ level }) => level === 'error')
      if (defects.length > 0) throw new Error(`The room reported defects: ${JSON.stringify(defects)}`)
    },
  }
}

/** A logins room as the server makes it, served over HTTP, with a clock the test moves. */
import { createHash, randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import type { SettingsPatch } from '../../server/config/settings.ts'
import type { Authority } from '../../server/http/guards.ts'
import { createLoginsRoom, type LoginsRoom } from '../../server/logins/index.ts'
import type { LoginVariables } from '../../server/logins/policy.ts'
import { Egress } from '../../server/http/egress.ts'
import type { Every } from '../../server/logins/revocations.ts'
import type { Passwords } from '../../server/logins/users/users.ts'
import { createSealer } from '../../server/secrets/seal.ts'
import type { Sealer } from '../../server/secrets/sealer.ts'
import type { Database } from '../../server/store/database.ts'
import { fakeExposure } from './exposure.ts'
import { recordedEvents, settingsWith, temporaryFolder, testClock, testDatabase, testLog, type TestClock, type TestLog } from './kernel.ts'
import { serveApi } from './served-api.ts'
import { ownerStanding } from '../../server/http/rights.ts'
import { patience } from '../fixtures/patience.ts'

export interface Reply {
  status: number
  headers: Headers
  // Bodies of many shapes, looked at by their tests.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
}

export interface TestLogins {
  room: LoginsRoom
  url: string
  clock: TestClock
  events: ReturnType<typeof recordedEvents>
  log: TestLog
  database: Database
  changeSettings(settings: NonNullable<SettingsPatch['logins']>): void
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  /** Creates a session and returns the contract's reply. */
  login(more?: object): Promise<{ session_id: string; token: string; expires_at: string }>
  validate(token: string): Promise<Reply>
  stop(): Promise<void>
}

export const ownerKey = 'the-owners-token'
const authority: Authority = {
  byKey: (secret) =>
    secret === ownerKey ? { caller: { kind: 'owner' }, standing: ownerStanding, may: () => true, used: () => undefined } : null,
  byCookie: () => null,
}

export const noVariables: LoginVariables = {
  sessionDefaultExpiration: null,
  sessionRememberMeExpiration: null,
  jwtRefreshThreshold: null,
  sessionCleanupInterval: null,
  sessionMaxConcurrent: null,
  sessionStorageType: null,
  redisUrl: null,
}

export interface TestLoginsOptions {
  variables?: Partial<LoginVariables>
  settings?: SettingsPatch['logins']
  clock?: TestClock
  exposed?: boolean
  trustedProxies?: readonly string[]
  databaseFile?: string
  every?: Every
  /** Quick ones when not given. */
  passwords?: Passwords
  /** What signing keys are sealed under; another one each time when not given. */
  sealer?: Sealer
  wallTime?(): number
  /** Its start does not wait for its Redis, which is away. */
  redisIsAway?: boolean
}

/** As a hash takes a quarter of a second, tests of what is around it take one that does not. */
export const quickPasswords: Passwords = {
  hash: async (password) => `quick:${createHash('sha256').update(password).digest('hex')}`,
  check: async (password, hash) => hash === `quick:${createHash('sha256').update(password).digest('hex')}`,
}

export async function startLogins({
  variables = {},
  settings = {},
  clock = testClock(),
  exposed = false,
  trustedProxies = [],
  databaseFile = ':memory:',
  every,
  passwords = quickPasswords,
  sealer = createSealer(randomBytes(32)),
  wallTime,
  redisIsAway = false,
}: TestLoginsOptions = {}): Promise<TestLogins> {
  const theLog = testLog()
  const database = testDatabase(databaseFile)
  const events = recordedEvents()
  let inForce = settingsWith({ logins: settings })
  const source = { current: () => inForce.current(), onChange: () => () => undefined }
  const room = await createLoginsRoom(
    {
      dataDir: temporaryFolder(),
      database,
      events,
      changed: () => undefined,
      egress: new Egress({ allowedRanges: () => [] }),
      sealer,
      settings: source,
      clock,
      log: theLog,
    },
    {
      variables: { ...noVariables, ...variables },
      passwords,
      waitAtStart: redisIsAway ? 0 : patience,
      ...(every === undefined ? {} : { every }),
      ...(wallTime === undefined ? {} : { wallTime }),
    },
  )
  await room.start()
  const served = await serveApi(await room.api.load(), { authority, exposure: fakeExposure({ exposed }), trustedProxies })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (stopped) return
    stopped = true
    await served.stop()
    await room.stop()
  }
  onTestFinished(stop)

  async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await fetch(`${served.url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: text }),
    })
    const reply = await response.text()
    return { status: response.status, headers: response.headers, body: reply.startsWith('{') ? JSON.parse(reply) : reply }
  }

  return {
    ...{ room, url: served.url, clock, events, call, stop },
    log: theLog,
    database,
    changeSettings: (changed) => void (inForce = settingsWith({ logins: changed })),
    async login(more = {}) {
      const { status, body } = await call('POST', '/api/v1/sessions', {
        user_id: 'user-uuid',
        username: 'john_doe',
        role_name: 'clerk',
        permissions: ['read', 'write'],
        ...more,
      })
      if (status !== 201) throw new Error(`login answered ${status}: ${JSON.stringify(body)}`)
      return body
    },
    validate: (token) => call('POST', '/api/v1/sessions/validate', { token }),
  }
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

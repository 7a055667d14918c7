/** What the native resource `/v1/browser-sessions` says of a session and of the Chromium that all of them run on. */
import { z } from 'zod'
import { isoTime } from '../../http/contract.ts'
import { endReason } from './endings.ts'
import { setupView } from './setup.ts'

/** The life of a session; its transitions stand in `session/session-lifecycle.ts`. */
export const sessionState = z.enum([
  'starting',
  'signing-in',
  'ready',
  'in-use',
  'taken-over',
  'needs-you',
  'not-responding',
  'closing',
  'hibernated',
  'closed',
])
export type SessionState = z.output<typeof sessionState>

export const leaseView = z.object({
  id: z.string(),
  holder: z.string(),
  startedAt: isoTime,
  expiresAt: isoTime,
})

/** The state in the words that hosted browsers have for it. */
export const sessionStatus = z.enum(['pending', 'running', 'error', 'timed-out', 'completed'])
export type SessionStatus = z.output<typeof sessionStatus>

/** Why it ended, in the same words. */
export const exitReason = z.enum(['released', 'idle-timeout', 'evicted', 'crashed', 'login-failed', 'start-failed', 'server-shutdown'])
export type ExitReason = z.output<typeof exitReason>
/** What is said of a session that sleeps. */
export const asleepView = z.object({
  since: isoTime,
  /** Of what is kept, sealed. */
  bytes: z.number(),
  tabs: z.number(),
  /** An estimate, as far as the cookies of its site say; null where the site alone decides. */
  loginGoodUntil: isoTime.nullable(),
  /** The cookie whose end that is. The site may end the login sooner, or renew the cookie. */
  loginGoodUntilBy: z.string().nullable(),
  /** Waking it takes a new sign-in. */
  expired: z.boolean(),
  /** It is removed then, unless somebody uses it. */
  forgottenAt: isoTime,
  /** What could not be kept, in plain words. */
  leftOut: z.array(z.string()),
})
export const clientView = z.object({
  id: z.string(),
  kind: z.enum(['program', 'view']),
  /** As it calls itself. */
  name: z.string(),
  /** Library and version, as far as it says. */
  program: z.string().nullable(),
  /** A program drives, or waits for a person to give the page back; a view looks on. */
  state: z.enum(['attached', 'waits', 'watches']),
  since: isoTime,
  address: z.string(),
})
export type ClientView = z.output<typeof clientView>

export const browserSession = z.object({
  id: z.string(),
  username: z.string(),
  profile: z.string(),
  state: sessionState,
  status: sessionStatus,
  /** Why it is in this state, in plain words, where there is something to say. */
  reason: z.string().nullable(),
  createdAt: isoTime,
  lastUsedAt: isoTime,
  /** When it ends if nobody uses it; null while leased or signing in. */
  idleExpiresAt: isoTime.nullable(),
  currentUrl: z.string(),
  title: z.string(),
  pages: z.array(z.object({ id: z.string(), url: z.string(), title: z.string(), active: z.boolean() })),
  leases: z.array(leaseView),
  /** Whose window drives it now, as events name callers, e.g. `owner` or `key:desk-2`. */
  takenOver: z.object({ by: z.string(), since: isoTime }).nullable(),
  /** What is recorded of it now. */
  recording: z.object({ id: z.string(), startedAt: isoTime }).nullable(),
  /** Leases, programs that are connected, and a person who drives. */
  inUse: z.object({ count: z.number().int(), leases: z.array(leaseView) }),
  /** How many files its pages have downloaded, also those that arrive. */
  downloads: z.number().int(),
  clients: z.array(clientView),
  /** Where programs drive it with a key, e.g. in `X-API-Key`; `connect` gives addresses that need none. */
  connectUrl: z.string(),
  /** The same as `connectUrl`. */
  websocketUrl: z.string(),
  /** The same as `connectUrl`. */
  browserWSEndpoint: z.string(),
  /** The same for `browserURL` and `connectOverCDP`. */
  httpUrl: z.string(),
  memoryBytes: z.number().nullable(),
  processCount: z.number().nullable(),
  pid: z.number().nullable(),
  lastRefresh: z.object({ at: isoTime, ok: z.boolean(), message: z.string() }).nullable(),
  nextRefreshAt: isoTime.nullable(),
  endReason: endReason.nullable(),
  exitReason: exitReason.nullable(),
  tags: z.record(z.string(), z.string()),
  /** What was chosen for its browser; null where nothing was. */
  options: setupView,
  asleep: asleepView.nullable(),
})
export type BrowserSession = z.output<typeof browserSession>

export const sessionEvent = z.object({
  id: z.number(),
  at: isoTime,
  kind: z.string(),
  /** In English words; a reader that knows the kind can make its own of the facts. */
  text: z.string(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  tone: z.enum(['neutral', 'good', 'busy', 'attention', 'bad']),
})
export type SessionEvent = z.output<typeof sessionEvent>

export const chromiumState = z.object({
  state: z.enum(['unknown', 'checking', 'ready', 'missing', 'installing', 'failed']),
  path: z.string().nullable(),
  version: z.string().nullable(),
  /** Where it was found: `flag`, `environment`, `setting`, `system`, `puppeteer-cache`, `playwright-cache`, `installed`. */
  source: z.string().nullable(),
  sandbox: z.boolean(),
  message: z.string().nullable(),
  progress: z.object({ receivedBytes: z.number(), totalBytes: z.number().nullable() }).nullable(),
  searched: z.array(z.string()),
})
export type ChromiumState = z.output<typeof chromiumState>

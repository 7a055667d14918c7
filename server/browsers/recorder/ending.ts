/** How a session came to its end, as far as it can be known from the process, the system and the session itself. */
import { freemem } from 'node:os'
import { iso } from '../../clock.ts'
import { addressToTell } from '../../http/userinfo.ts'
import type { EndCause } from '../contract/endings.ts'
import type { CrashCard } from '../contract/recorder-entries.ts'
import type { EndReason } from '../contract/endings.ts'
import type { SessionEventText } from '../events.ts'
import type { ProcessEnd } from '../process/browser-process.ts'
import type { ProcessMetrics } from '../process/process-facts.ts'
import { countOomKills } from '../process/oom-kills.ts'
import type { Recorder } from './recorder.ts'
import { createBlanker, safeText } from './secrets.ts'

/** What of a session its end is told from. */
export interface EndedSession {
  readonly id: string
  readonly createdAt: number
  readonly reason: string | null
  readonly profile: { readonly name: string }
  readonly credentials: { readonly username: string; readonly password: string; readonly captchaApiKey?: string | undefined }
  readonly pages: { active(): { url: string; title: string } | null }
  readonly recorder: Pick<Recorder, 'all' | 'pending' | 'pictures'>
  readonly browser: {
    readonly running: { readonly exit: ProcessEnd | null } | null
    readonly silent: boolean
    readonly metrics: ProcessMetrics | null
    readonly oomKillsBefore: number | null
  }
}

/** Noted when a session begins to end; what it is made of is gone soon after. */
export interface Ending {
  /** Ms since the epoch. */
  at: number
  reason: EndReason
  cause: EndCause
  exit: ProcessEnd | null
  freeMemoryBytes: number
  lastPage: { url: string; title: string } | null
  unfinished: string[]
}

const mostUnfinished = 20
const mostEntries = 12
/** Signals by which somebody ends a program, as against those by which it fails. */
const fromOutside = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'])
/** What Chromium writes before it gives up for want of memory. */
const ranOut = /out of memory|\bOOM\b|failed to allocate|cannot allocate memory/i
/** Bytes of free memory below which a kill without a name is the system's. */
const scarce = 100_000_000

export interface Evidence {
  reason: EndReason
  /** Null while the process still ran when the session began to end. */
  exit: ProcessEnd | null
  /** It had not answered when it was last asked. */
  silent: boolean
  /** How many processes the system has ended for want of memory since the session was last measured. */
  oomKills: number
  freeMemoryBytes: number
}

export function causeOf({ reason, exit, silent, oomKills, freeMemoryBytes }: Evidence): EndCause {
  if (reason !== 'crashed') return reason
  if (exit === null) return silent ? 'silent' : 'driver-failed'
  if (exit.lastWords.some((line) => ranOut.test(line))) return 'out-of-memory'
  if (exit.byUs) return 'disconnected'
  // A shell in between says 137 for a kill.
  if (exit.signal === 'SIGKILL' || exit.code === 137 || exit.code === 9)
    return oomKills > 0 || freeMemoryBytes < scarce ? 'out-of-memory' : 'killed'
  if (exit.signal !== null) return fromOutside.has(exit.signal) ? 'killed' : 'crashed'
  return exit.code === 0 ? 'exited' : 'crashed'
}

/** Before its parts let go of pages and process. */
export function noteEnding(session: EndedSession, reason: EndReason, now: number): Ending {
  const { browser, pages, recorder, credentials } = session
  const freeMemoryBytes = freemem()
  const blanker = createBlanker(() => [credentials.password, credentials.captchaApiKey])
  const found = browser.running?.exit ?? null
  const exit = found === null ? null : { ...found, lastWords: found.lastWords.map((line) => safeText(line, blanker)) }
  const oomKills = (countOomKills() ?? 0) - (browser.oomKillsBefore ?? Number.POSITIVE_INFINITY)
  const page = pages.active()
  return {
    at: now,
    reason,
    cause: causeOf({ reason, exit, silent: browser.silent, oomKills, freeMemoryBytes }),
    exit,
    freeMemoryBytes,
    lastPage: page === null ? null : { url: addressToTell(page.url), title: page.title.slice(0, 200) },
    unfinished: recorder
      .pending()
      .slice(-mostUnfinished)
      .map(({ method, url }) => `${method} ${url}`),
  }
}

export function crashCardOf(session: EndedSession, ending: Ending, textOf: SessionEventText): CrashCard {
  const { recorder, browser, credentials, profile } = session
  const { cause, exit } = ending
  return {
    session: session.id,
    username: credentials.username,
    profile: profile.name,
    endedAt: iso(ending.at),
    endReason: ending.reason,
    cause,
    explanation: textOf({ kind: 'end-explained', facts: { cause } }),
    reason: session.reason ?? '',
    exit: exit === null ? null : { code: exit.code, signal: exit.signal },
    lastWords: exit?.lastWords ?? [],
    memoryBytes: browser.metrics?.memoryBytes ?? null,
    processCount: browser.metrics?.processCount ?? null,
    freeMemoryBytes: ending.freeMemoryBytes,
    openMs: Math.max(0, ending.at - session.createdAt),
    lastPage: ending.lastPage,
    lastEntries: recorder.all(textOf).slice(-mostEntries),
    unfinished: ending.unfinished,
    picture: recorder.pictures.latest()?.id ?? null,
  }
}

/** Where a one-shot runs: on a session, leased meanwhile, or on a browser that is opened for it and thrown away. */
import type { Page } from 'puppeteer-core'
import { withDeadline } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import type { OneShotRequest, ThrowAway } from '../contract/one-shots.ts'
import { siteProfile } from '../contract/site-profile.ts'
import { BrowserFault } from '../fault.ts'
import { wordsOf } from '../page/driver-words.ts'
import { whileOpen } from '../page/while-open.ts'
import type { SessionService } from '../service.ts'
import type { Session } from '../session/session.ts'
import { runOneShot, type OneShotResult, type WorkTools } from './work.ts'

/** Opens nothing by itself, and nothing beside what everybody may reach. */
const profile = siteProfile.parse({ name: 'one-shot', title: 'A page, once', kind: 'none', address: null, downloads: 'deny', keep: false })

/** Ms for which the lease outlasts the work's own time, should that never come back. */
const spareTime = 15_000

/** Of what the session shows, or at its back. Throws the faults of one-shots, and `session-ended`. */
export async function onSession(
  service: SessionService,
  session: Session,
  request: OneShotRequest,
  tools: WorkTools,
): Promise<OneShotResult> {
  const lease = session.leases.take(request.kind, request.timeout + spareTime)
  const atBack = request.address !== undefined || request.html !== undefined
  try {
    return await inTime(session, request, tools, async (within) => {
      within.tell('waiting for the session')
      await service.whenSignedIn(session)
      const work = (page: Page): Promise<OneShotResult> => onPage(page, request, within)
      return atBack ? session.pages.inBackground(work) : work(session.page())
    })
  } finally {
    session.leases.end(lease.id)
  }
}

/** Throws the same, `no-capacity`, and what setting up throws. */
export async function thrownAway(
  service: SessionService,
  { cookies, headers, ...setup }: ThrowAway,
  request: OneShotRequest,
  who: { actor: string; makers: readonly (string | null)[] },
  tools: WorkTools,
): Promise<OneShotResult> {
  if (request.address === undefined && request.html === undefined)
    throw new BrowserFault('missing-fields', 'Missing required fields: address (or html)')
  const lease = { holder: request.kind, duration: request.timeout + spareTime }
  const wanted = { ...who, profile, setup, lease, address: request.address ?? null }
  return timed(request, tools, (all) => {
    all.tell('waiting for a place')
    return service.apart.thrownAway(wanted, (session) =>
      inTime(session, request, all, async (within) => {
        within.tell('starting a browser')
        await service.whenOpen(session)
        const page = await session.pages.front()
        if (cookies.length > 0) await setCookies(page, cookies, request.address)
        if (Object.keys(headers).length > 0) await page.setExtraHTTPHeaders(headers)
        return onPage(page, request, within)
      }),
    )
  })
}

function onPage(page: Page, request: OneShotRequest, tools: WorkTools): Promise<OneShotResult> {
  const lost = (how: string): Error => new BrowserFault('page-failed', `The page ${how}`)
  return whileOpen(page, tools.signal, lost, (signal) => runOneShot(page, request, { ...tools, signal }))
}

/** Faults alone come out of it. */
async function inTime(
  session: Session,
  request: OneShotRequest,
  { signal, tell }: WorkTools,
  work: (tools: WorkTools) => Promise<OneShotResult>,
): Promise<OneShotResult> {
  try {
    return await timed(request, { signal: AbortSignal.any([signal, session.life]), tell }, work)
  } catch (error) {
    const cause = await session.causeOf(error)
    throw cause instanceof Fault ? cause : new BrowserFault('page-failed', `The page could not do that: ${wordsOf(cause)}`, {}, { cause })
  }
}

/** Throws `one-shot-late`, which says what it was still at. */
function timed(
  { timeout }: OneShotRequest,
  { signal, tell }: WorkTools,
  work: (tools: WorkTools) => Promise<OneShotResult>,
): Promise<OneShotResult> {
  let step = ''
  const told = (words: string): void => {
    step = words
    tell(words)
  }
  return withDeadline(
    timeout,
    signal,
    (within) => raced(work({ signal: within, tell: told }), within),
    () => new BrowserFault('one-shot-late', `Not done within ${timeout} ms: still ${step}`),
  )
}

/** For work parts of which nobody can call back. */
async function raced<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  work.catch(() => undefined)
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('Stopped'))
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function setCookies(page: Page, cookies: ThrowAway['cookies'], address: string | undefined): Promise<void> {
  const cdp = await page.createCDPSession()
  const withPlace = cookies.map(({ domain, ...cookie }) => ({
    ...Object.fromEntries(Object.entries(cookie).filter(([, value]) => value !== undefined)),
    name: cookie.name,
    value: cookie.value,
    ...(domain === undefined ? (address === undefined ? {} : { url: address }) : { domain }),
  }))
  try {
    await cdp.send('Network.setCookies', { cookies: withPlace })
  } catch (error) {
    throw new BrowserFault(
      'page-failed',
      'A cookie was not taken: it needs a domain, or its fields do not go together',
      {},
      { cause: error },
    )
  } finally {
    cdp.detach().catch(() => undefined)
  }
}

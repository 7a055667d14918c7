/** Which sessions an agent reaches, and how it comes to work in one. */
import { BrowserFault } from '../../browsers/fault.ts'
import type { SessionService } from '../../browsers/service.ts'
import type { Session } from '../../browsers/session/session.ts'
import type { Standing } from '../../http/rights.ts'
import { isDoneWithin } from '../../async/deadline.ts'
import { lastOf, workplaceOf, type Workplace } from './workplace.ts'

export type BrowserAccess = Pick<
  SessionService,
  'list' | 'get' | 'obtain' | 'whenSignedIn' | 'whenOpen' | 'handOut' | 'close' | 'sleepers' | 'profiles' | 'profile'
>

/** Who calls, as tools are told. */
export interface AgentCall {
  actor: string
  standing: Standing
  signal: AbortSignal
  has(tool: string): boolean
}

/** Ms for a login that is under way. */
const loginPatience = 20_000

export const isReached = (standing: Standing, { id, makers }: { id: string; makers: Iterable<string | null> }): boolean =>
  standing.reaches('browsers', { subject: id, makers: [...makers] })

/** A live session. One of somebody else is answered as one that is not there. Throws `session-not-found`. */
export function reachedSession(service: BrowserAccess, id: string, standing: Standing): Session {
  const live = service.list().find((session) => session.id === id && !session.aside)
  if (live !== undefined && isReached(standing, live)) return live
  const asleep = service.sleepers.find(id)
  if (asleep !== undefined && isReached(standing, { id, makers: asleep.facts.makers }))
    throw new BrowserFault('session-not-found', 'This session is asleep; browser_wake brings it back under the same id, with its login')
  throw new BrowserFault('session-not-found', 'Session not found; browser_list has those that are open or asleep')
}

/** Leased for the agent from now on, with a browser that can be driven. */
export async function comeIn(service: BrowserAccess, named: string | undefined, { actor, standing }: AgentCall): Promise<Workplace> {
  const id = named ?? lastOf(actor)
  if (id === undefined)
    throw new BrowserFault('missing-fields', 'Give a session_id: browser_list has those that there are, browser_open opens one')
  const session = reachedSession(service, id, standing)
  const workplace = workplaceOf(session, actor)
  await service.whenOpen(session)
  if (!session.live) throw await ended(session, session.life.reason)
  return workplace
}

/** What work in a session failed with, in words that say what to do where the session has ended. */
export async function ended(session: Session, error: unknown): Promise<unknown> {
  const cause = await session.causeOf(error)
  if (!BrowserFault.is(cause, 'session-ended') || session.live) return cause
  const next = 'browser_list tells whether it sleeps, then browser_wake brings it back; else browser_open opens a new one'
  return new BrowserFault('session-ended', `${cause.message}. ${next}`, cause.details, { cause })
}

/** The same for whoever is about to change something. Throws `session-in-use` while a person drives or the login is under way. */
export async function comeToWork(service: BrowserAccess, id: string | undefined, call: AgentCall): Promise<Workplace> {
  const workplace = await comeIn(service, id, call)
  const { login } = workplace.session
  if (
    login.attempt !== null &&
    !(await isDoneWithin(
      loginPatience,
      login.attempt.catch(() => undefined),
    ))
  )
    throw new BrowserFault('session-in-use', 'The session is still signing in; wait with browser_wait_for, or look with browser_snapshot')
  refuseWhileDriven(workplace.session)
  return workplace
}

/** Throws `session-in-use`. */
export function refuseWhileDriven({ control }: Session): void {
  const { driver } = control
  if (driver === null) return
  throw new BrowserFault(
    'session-in-use',
    `A person has taken over this browser since ${new Date(driver.since).toISOString()}. Look on with browser_snapshot; browser_wait_for with "person": true waits until they give it back`,
  )
}

/** "Use session in other endpoints": an operation of a site profile on a session that is named or found by credentials, leased meanwhile. */
import { Fault } from '../fault.ts'
import { abortable } from './abortable.ts'
import { runOperation, runsInOwnPage } from './operations.ts'
import type { Obtained, SessionService } from './service.ts'
import type { Session } from './session.ts'

export interface Use {
  operation: string
  inputs: Readonly<Record<string, string>>
  /** For a session that has to be made. */
  profile: string
  sessionId: string | undefined
  username: string | undefined
  password: string | undefined
  captchaApiKey: string | undefined
  actor: string
}

/** Ms after which a lease ends even if the operation never comes back; a login may take ten minutes at most. */
const leaseTime = 15 * 60_000

/** Throws `missing-fields`, what opening a session throws, what the operation throws, or `session-ended`. */
export async function useSession(service: SessionService, use: Use): Promise<{ session: Session; isNew: boolean; result: string | null }> {
  const { session, isNew, lease, release } = await find(service, use)
  try {
    await service.whenSignedIn(session)
    const result = await inTurn(session, () => run(session, use))
    return { session, isNew, result }
  } finally {
    if (lease) session.endLease(lease.id)
    release()
  }
}

async function find(service: SessionService, use: Use): Promise<Obtained> {
  const lease = { holder: use.operation, duration: leaseTime }
  const named = use.sessionId === undefined ? undefined : service.list().find(({ id }) => id === use.sessionId)
  if (named) return { session: named, isNew: false, release: named.hold(), lease: named.lease(lease.holder, lease.duration) }
  const given = { username: use.username, password: use.password, captcha_api_key: use.captchaApiKey }
  const missing = Object.entries(given).flatMap(([field, value]) => (value === undefined ? [field] : []))
  if (missing.length > 0) throw new Fault('missing-fields', `Missing required fields: ${missing.join(', ')} (or valid session_id)`)
  const { username = '', password = '', captchaApiKey } = use
  return service.obtain({ profile: use.profile, credentials: { username, password, captchaApiKey }, waitsForPerson: false, actor: use.actor, lease })
}

/** Operations of one session share its page, so the next one waits for the one before, however that ended. */
function inTurn<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  const mine = session.work.then(work)
  session.work = mine.catch(() => {})
  return mine
}

async function run(session: Session, { operation, inputs }: Use): Promise<string | null> {
  const { profile, registry, life } = session
  if (!session.live || !registry) throw life.signal.reason
  if (!runsInOwnPage(profile, operation) && session.controller() !== null) throw new Fault('operation-failed', 'A person is using this session; try again when they have given it back')
  try {
    const work = runsInOwnPage(profile, operation)
      ? registry.inBackground((page) => runOperation(page, profile, operation, inputs, life.signal))
      : runOperation(session.page(), profile, operation, inputs, life.signal)
    return await abortable(work, life.signal)
  } catch (error) {
    const cause = await session.causeOf(error)
    throw cause instanceof Fault ? cause : new Fault('operation-failed', `The operation failed: ${cause instanceof Error ? cause.message : String(cause)}`, {}, { cause })
  }
}

/** Why a token is or is not good, step by step, for a person. No effect on the session. */
import type { Clock } from '../../clock.ts'
import { iso } from '../../clock.ts'
import { standingOf } from '../decisions.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { TokenProblem } from '../keys/verifier.ts'
import { unverifiedPart } from './claims.ts'
import type { Policy } from '../policy.ts'
import { stateOf, type Session } from '../session.ts'
import type { SessionStore } from '../store/session-store.ts'

export interface Inspection {
  header: unknown
  claims: unknown
  valid: boolean
  checks: { name: string; result: 'passed' | 'failed' | 'skipped'; text: string }[]
  session: Session | null
}

const problems: Readonly<Record<TokenProblem, { at: string; text: string }>> = {
  malformed: { at: 'Form', text: 'This is not a JWT: three parts of base64url, parted by dots, the first two JSON' },
  'unknown-key': { at: 'Key', text: 'No key of ours has this kid, or it no longer verifies' },
  'locked-key': {
    at: 'Key',
    text: 'Its key is one of ours, sealed under another key than the one at hand: it cannot be checked until that is put back',
  },
  'wrong-algorithm': { at: 'Algorithm', text: 'The header names another algorithm than the key is for' },
  'bad-signature': { at: 'Signature', text: 'The signature does not fit: the token was changed, or signed elsewhere' },
  'not-ours': { at: 'Issuer', text: 'Issuer, audience or claims are not those of a token of ours' },
}
const steps = ['Form', 'Key', 'Algorithm', 'Signature', 'Issuer', 'Session', 'State', 'Place'] as const

export function createInspector({
  keys,
  store,
  policy,
  clock,
}: {
  keys: SigningKeys
  store: SessionStore
  policy(): Policy
  clock: Clock
}): (token: string) => Promise<Inspection> {
  return async (token) => {
    const [header, claims] = [unverifiedPart(token, 'header'), unverifiedPart(token, 'claims')]
    const verdict = keys.verify(token)
    const failedAt = (step: string, text: string, session: Session | null = null): Inspection => ({
      header,
      claims,
      valid: false,
      checks: checksUntil(step, text),
      session,
    })
    if (!verdict.ok) return failedAt(problems[verdict.problem].at, problems[verdict.problem].text)
    const { sessionId, tokenId, expiresAt } = verdict.token
    const session = await store.find(sessionId)
    if (session === null)
      return failedAt('Session', 'The signature holds, but its session is not stored here: it was removed, or the store was emptied')
    const now = clock.now()
    const state = stateOf(session, now, policy().idleTimeout)
    if (!state.live) return failedAt('State', `The session is over since ${iso(state.at)}: ${state.reason}`, session)
    const standing = standingOf(session, tokenId, now)
    if (standing === 'replaced') return failedAt('Place', 'A newer token took its place; using it would end the session', session)
    if (standing === 'previous' && now >= (expiresAt + 1) * 1_000)
      return failedAt('Place', 'A newer token took its place, and its own time is over', session)
    return { header, claims, valid: true, checks: checksUntil(null, ''), session }
  }
}

const passed: Readonly<Record<(typeof steps)[number], string>> = {
  Form: 'It is a JWT',
  Key: 'Its key is one of ours',
  Algorithm: 'The algorithm is that of the key',
  Signature: 'Signature holds',
  Issuer: 'Issued here, for here',
  Session: 'Its session is stored',
  State: 'The session is live',
  Place: 'It is the session’s token',
}

function checksUntil(failed: string | null, text: string): Inspection['checks'] {
  const end = failed === null ? steps.length : steps.findIndex((step) => step === failed)
  return steps.map((name, index) =>
    index < end
      ? { name, result: 'passed', text: passed[name] }
      : index === end
        ? { name, result: 'failed', text }
        : { name, result: 'skipped', text: '' },
  )
}

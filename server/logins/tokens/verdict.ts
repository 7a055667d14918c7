/** What is said of a token, and in which words. */
import type { Fault } from '../../fault.ts'
import { LoginFault } from '../fault.ts'
import type { EndReason, Session } from '../session.ts'

/** Why a token is not accepted, in the contract's codes. */
export type InvalidCode = 'session_not_found' | 'session_expired' | 'session_inactive'
export type Invalid = { valid: false; code: InvalidCode; message: string }
export type Validation = { valid: true; session: Session; shouldRefresh: boolean; newToken: string | null } | Invalid

export const unknownToken: Invalid = { valid: false, code: 'session_not_found', message: 'No session belongs to this token' }
export const replacedToken: Invalid = { valid: false, code: 'session_inactive', message: 'This token was replaced by a newer one' }

const words: Readonly<Record<EndReason, string>> = {
  expired: 'Session has expired',
  idle: 'Session has expired: it was not used for too long',
  limit: 'Session has expired: it reached its longest life',
  logout: 'Session is not active: its user logged out',
  revoked: 'Session is not active: it was revoked',
  evicted: 'Session is not active: a newer one of its user took its place',
  reused: 'Session is not active: a replaced token was used again',
}

export function invalid(reason: EndReason): Invalid {
  const byTime = reason === 'expired' || reason === 'idle' || reason === 'limit'
  return { valid: false, code: byTime ? 'session_expired' : 'session_inactive', message: words[reason] }
}

const faultCodes = {
  session_not_found: 'session-not-found',
  session_expired: 'session-expired',
  session_inactive: 'session-inactive',
} as const

export function faultOf({ code, message }: Invalid): Fault {
  return new LoginFault(faultCodes[code], message)
}

export function notFound(): Fault {
  return new LoginFault('session-not-found', 'There is no such session')
}

/** Sessions as rows of SQLite. */
import type { Session, StoredEndReason } from '../session.ts'

export interface SessionRow extends Omit<Session, 'permissions' | 'rememberMe' | 'endReason'> {
  permissions: string
  rememberMe: number
  endReason: string | null
}

export const columnOf: Readonly<Record<keyof Session, string>> = {
  id: 'id',
  userId: 'user_id',
  username: 'username',
  roleName: 'role_name',
  permissions: 'permissions',
  rememberMe: 'remember_me',
  createdAt: 'created_at',
  expiresAt: 'expires_at',
  absoluteEndsAt: 'absolute_ends_at',
  lastActivity: 'last_activity',
  address: 'address',
  device: 'device',
  reportedAddress: 'reported_address',
  reportedDevice: 'reported_device',
  tokenId: 'token_id',
  tokenIssuedAt: 'token_issued_at',
  previousTokenId: 'previous_token_id',
  previousUntil: 'previous_until',
  renewals: 'renewals',
  endedAt: 'ended_at',
  endReason: 'end_reason',
}
export const columnPairs = Object.entries(columnOf)
export const selected = columnPairs.map(([field, column]) => `${column} AS ${field}`).join(', ')

export function sessionOf({ permissions, rememberMe, endReason, ...row }: SessionRow): Session {
  // Both were written by us: the permissions as a list of strings, the reason from its own type.
  return {
    ...row,
    permissions: JSON.parse(permissions) as string[],
    rememberMe: rememberMe === 1,
    endReason: endReason as StoredEndReason | null,
  }
}

export function rowOf(session: Session): SessionRow {
  return { ...session, permissions: JSON.stringify(session.permissions), rememberMe: session.rememberMe ? 1 : 0 }
}

/** Lets requests be answered between two parts of a long work. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Sessions as a CSV file. */
import type { LoginView } from '../../../server/logins/contract/index.ts'
import { csvOf } from '../../files/csv.ts'

const columns = [
  'id',
  'userId',
  'username',
  'role',
  'permissions',
  'state',
  'reason',
  'createdAt',
  'lastActivity',
  'expiresAt',
  'endedAt',
  'address',
  'device',
  'reportedAddress',
  'reportedDevice',
] as const

export const csvOfLogins = (rows: readonly LoginView[]): string => csvOf(columns, rows)

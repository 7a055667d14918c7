/** Sessions as a CSV file, for whoever has to show them to somebody. */
import type { LoginView } from '../../../server/logins/contract/index.ts'

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

/** RFC 4180. */
export function csvOf(rows: readonly LoginView[]): string {
  return [columns, ...rows.map((row) => columns.map((column) => textOf(row[column])))]
    .map((cells) => cells.map(quoted).join(','))
    .join('\r\n')
}

function textOf(value: string | string[] | null): string {
  return value === null ? '' : Array.isArray(value) ? value.join(' ') : value
}

function quoted(cell: string): string {
  // A spreadsheet takes a cell that begins so for a formula, and a user name may be anything.
  const plain = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

export function saveFile(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}

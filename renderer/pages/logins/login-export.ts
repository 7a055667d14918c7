/** Sessions as a CSV file. */
import { onScopeDispose, ref } from 'vue'
import type { LoginFilter, LoginView } from '../../../server/logins/contract/index.ts'
import { csvOf } from '../../files/csv.ts'
import { saveFile } from '../../files/save-file.ts'
import { useLogins } from '../../stores/logins.ts'
import { useReport } from '../../use/use-report.ts'

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

/** Page by page, however many there are. */
export function useLoginExport() {
  const logins = useLogins()
  const report = useReport()
  /** The share that was read, from 0 to 1; null while nothing is exported. */
  const exported = ref<number | null>(null)
  let reading: AbortController | undefined
  const stop = (): void => reading?.abort()
  onScopeDispose(stop)

  /** A second call stops the first. Null for all that match. */
  async function startOrStop(filter: LoginFilter, ids: ReadonlySet<string> | null): Promise<void> {
    if (exported.value !== null) return stop()
    const { signal } = (reading = new AbortController())
    exported.value = 0
    try {
      const rows = await logins.readAll(filter, ids, (share) => (exported.value = share), signal)
      saveFile('login-sessions.csv', csvOfLogins(rows), 'text/csv')
    } catch (error) {
      if (!signal.aborted) report.failed('The sessions could not be exported', error)
    } finally {
      exported.value = null
    }
  }
  return { exported, startOrStop, stop }
}

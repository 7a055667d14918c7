/** The registry of browsers that this installation started, on disk so that the start after a crash knows what to clean up. */
import { quickly, type Database } from '../../store/database.ts'

export interface RegisteredProcess {
  /** Of who has it: a session, or a spare browser. */
  id: string
  pid: number | null
  processStartedAt: string | null
  profileDir: string
  /** The server that started it. */
  ownerPid: number
}

export interface ProcessRegistry {
  /** Written before the profile directory is made, so that no directory is ever unaccounted for. */
  add(id: string, profileDir: string, ownerPid: number, now: number): void
  /** Written when the process runs. */
  started(id: string, pid: number, processStartedAt: string | null): void
  remove(id: string): void
  all(): RegisteredProcess[]
}

export function createProcessRegistry(database: Database): ProcessRegistry {
  const insert = database.prepare('INSERT INTO browser_processes (session_id, profile_dir, owner_pid, created_at) VALUES (?, ?, ?, ?)')
  const update = database.prepare('UPDATE browser_processes SET pid = ?, process_started_at = ? WHERE session_id = ?')
  const remove = database.prepare('DELETE FROM browser_processes WHERE session_id = ?')
  const all = database.prepare<[], RegisteredProcess>(
    `SELECT session_id AS id, pid, process_started_at AS processStartedAt, profile_dir AS profileDir, owner_pid AS ownerPid
     FROM browser_processes`,
  )
  return {
    // Kept over a crash of ours, which is what they are for; no process outlives one of the machine.
    add: (id, profileDir, ownerPid, now) => void quickly(database, () => insert.run(id, profileDir, ownerPid, now)),
    started: (id, pid, processStartedAt) => void quickly(database, () => update.run(pid, processStartedAt, id)),
    remove: (id) => void quickly(database, () => remove.run(id)),
    all: () => all.all(),
  }
}

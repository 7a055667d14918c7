/** A disk that refuses, told apart from other failures and put in words. */
import BetterSqlite3 from 'better-sqlite3'

export interface DiskRefusal {
  kind: 'full' | 'read-only' | 'not-allowed' | 'failing' | 'broken'
  /** What is the case, as half a sentence: `the disk is full`. */
  reason: string
}

const reasons: Readonly<Record<DiskRefusal['kind'], string>> = {
  full: 'the disk is full',
  'read-only': 'the disk is read-only',
  'not-allowed': 'this user is not allowed to write there',
  failing: 'the disk reports errors',
  broken: 'the file is damaged',
}

/** Codes that only a disk gives. */
const diskCodes: Readonly<Record<string, DiskRefusal['kind']>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EROFS: 'read-only',
  EIO: 'failing',
}
/** Codes that sockets and programs give too: a disk's where it is known that a file was meant. */
const fileCodes: Readonly<Record<string, DiskRefusal['kind']>> = {
  EACCES: 'not-allowed',
  EPERM: 'not-allowed',
  ENOTDIR: 'not-allowed',
  EISDIR: 'failing',
  ERR_FS_EISDIR: 'failing',
}

const sqliteCodes: readonly (readonly [start: string, kind: DiskRefusal['kind']])[] = [
  ['SQLITE_FULL', 'full'],
  ['SQLITE_READONLY', 'read-only'],
  ['SQLITE_CANTOPEN', 'not-allowed'],
  ['SQLITE_PERM', 'not-allowed'],
  ['SQLITE_IOERR', 'failing'],
  ['SQLITE_CORRUPT', 'broken'],
  ['SQLITE_NOTADB', 'broken'],
]

/**
 * What the disk said, if it was the disk; also as the cause of what was thrown. `ofFile`: it is known that a file of ours was read or
 * written.
 */
export function diskRefusal(error: unknown, { ofFile = false }: { ofFile?: boolean } = {}): DiskRefusal | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    const kind = kindOf(cause, ofFile)
    if (kind !== undefined) return { kind, reason: reasons[kind] }
  }
  return null
}

function kindOf(error: Error, ofFile: boolean): DiskRefusal['kind'] | undefined {
  const code = 'code' in error ? String(error.code) : ''
  if (error instanceof BetterSqlite3.SqliteError) return sqliteCodes.find(([start]) => code.startsWith(start))?.[1]
  return diskCodes[code] ?? (ofFile ? fileCodes[code] : undefined)
}

/** The whole sentence, as the shell and the command line say it. */
export function diskSentence(dataDir: string, { kind, reason }: DiskRefusal): string {
  return kind === 'broken'
    ? `Wheelhouse keeps its data in ${dataDir}, and cannot read it: ${reason}.`
    : `Wheelhouse keeps its data in ${dataDir}, and cannot write there: ${reason}.`
}

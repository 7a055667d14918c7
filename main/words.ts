/** Failures of the start in words a person can act on. */
import { Fault } from '../server/fault.ts'

const diskProblems: Readonly<Record<string, string>> = {
  EACCES: 'is not allowed to write there',
  EPERM: 'is not allowed to write there',
  EROFS: 'cannot write there, because the disk is read-only',
  ENOSPC: 'cannot write there, because the disk is full',
  ENOTDIR: 'cannot use it, because a part of the path is a file',
}

export interface Words {
  title: string
  text: string
}

export function startFailure(error: unknown, dataDir: string): Words {
  const title = 'Wheelhouse could not start'
  if (error instanceof Fault) return { title, text: error.message }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const disk = diskProblems[code]
  if (disk !== undefined) return { title, text: `Its data is kept in ${dataDir}. Wheelhouse ${disk}.` }
  return { title, text: error instanceof Error ? error.message : String(error) }
}

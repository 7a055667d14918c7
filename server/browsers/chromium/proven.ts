/** Which file was last proven to be a Chromium that starts, kept on disk so that the next run need not launch it to know. */
import { readFileSync, statSync } from 'node:fs'
import { replaceFile } from '../../store/files.ts'

interface Proven {
  path: string
  modified: number
  size: number
  version: string
}

export interface ProvenFile {
  /** The version that was read, while the file is still the same; null of any other. */
  versionOf(path: string): string | null
  /** Throws what the disk says; that only costs the next start a launch. */
  keep(path: string, version: string): void
}

/** `file` is where it is kept. */
export function createProvenFile(file: string): ProvenFile {
  return {
    versionOf(path) {
      try {
        // Written by `keep`; a file that was changed to something else fails the comparison below.
        const known = JSON.parse(readFileSync(file, 'utf8')) as Partial<Proven>
        const { mtimeMs, size } = statSync(path)
        const same = known.path === path && known.modified === mtimeMs && known.size === size
        return same && typeof known.version === 'string' ? known.version : null
      } catch {
        return null
      }
    },
    keep(path, version) {
      const { mtimeMs, size } = statSync(path)
      replaceFile(file, JSON.stringify({ path, modified: mtimeMs, size, version } satisfies Proven))
    },
  }
}

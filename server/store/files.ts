/** Writing whole files so that a crash leaves the old one or the new one, never half of one. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces `file` by temp file, fsync and rename; readable by the owner alone. */
export function replaceFile(file: string, text: string): void {
  const unfinished = `${file}.${process.pid}.tmp`
  rmSync(unfinished, { force: true })
  try {
    writeNewFile(unfinished, text)
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
  syncFolder(dirname(file))
}

/** Writes a file that must not exist yet and waits until it is on the disk. */
export function writeNewFile(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Without it a power cut may undo the rename. Windows cannot open folders and needs it not. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

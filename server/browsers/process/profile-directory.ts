/** The directory of one browser's profile, with the one of its temporary files: made for a launch, thrown away with the browser. */
import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { profilePreferences } from './flags.ts'

const temporaryLink = 'temporary-files'
const temporaryPrefix = 'wheelhouse-browser-'

/** Returns the directory for the browser's temporary files: of killed browsers they would otherwise fill the system's. */
export async function prepareProfile(profileDir: string): Promise<string | null> {
  await mkdir(join(profileDir, 'Default'), { recursive: true, mode: 0o700 })
  await writeFile(join(profileDir, 'Default', 'Preferences'), JSON.stringify(profilePreferences), { mode: 0o600 })
  if (process.platform === 'win32') {
    const inside = join(profileDir, 'temporary')
    await mkdir(inside)
    return inside
  }
  // macOS gives each user a directory of its own and Chromium asks the system for it.
  if (process.platform !== 'linux') return null
  // Not inside the profile: Chromium puts a socket there and aborts when its path is longer than 107 characters.
  const temporary = await mkdtemp(join(tmpdir().length <= 40 ? tmpdir() : '/tmp', temporaryPrefix))
  await symlink(temporary, join(profileDir, temporaryLink))
  return temporary
}

/**
 * Removes a profile with the temporary files of its browser. Windows and late writers hold files for a moment (EBUSY, ENOTEMPTY), hence the
 * retries.
 */
export async function removeProfile(profileDir: string): Promise<void> {
  const retries = { recursive: true, force: true, maxRetries: 6, retryDelay: 100 }
  const temporary = await readlink(join(profileDir, temporaryLink)).catch(() => null)
  // Only a directory that we can have made ourselves is removed through a link.
  if (temporary && basename(temporary).startsWith(temporaryPrefix)) await rm(temporary, retries)
  await rm(profileDir, retries)
}

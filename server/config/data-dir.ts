/** Where a user's data lives when nobody says otherwise, as each system wants it. */
import { homedir } from 'node:os'
import { posix, win32 } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

export function defaultDataDir(
  platform: NodeJS.Platform = process.platform,
  env: Environment = process.env,
  home: string = homedir(),
): string {
  if (platform === 'win32') return win32.join(env['LOCALAPPDATA'] || win32.join(home, 'AppData', 'Local'), 'Wheelhouse')
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'Wheelhouse')
  // The XDG base directory specification: a relative path there is to be ignored.
  const base = env['XDG_DATA_HOME'] ?? ''
  return posix.join(posix.isAbsolute(base) ? base : posix.join(home, '.local', 'share'), 'wheelhouse')
}

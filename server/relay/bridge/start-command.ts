/** How this program is started as a bridge, by a client that knows only of programs. */
import { resolve } from 'node:path'

export interface StartCommand {
  command: string
  args: string[]
}

/** What is known of the process that serves. */
export interface RunningProcess {
  execPath: string
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  versions: Readonly<Record<string, string | undefined>>
  /** Electron's, where it runs a working tree. */
  defaultApp?: boolean
}

export function bridgeCommand({ execPath, argv, env, versions, defaultApp = false }: RunningProcess): StartCommand {
  const isInstalled = versions['electron'] !== undefined && !defaultApp
  // The mounted image of an AppImage is another one at each start.
  if (isInstalled) return { command: env['APPIMAGE'] ?? execPath, args: ['mcp'] }
  return { command: execPath, args: [...argv.slice(1, 2).map((script) => resolve(script)), 'mcp'] }
}

/** The command line of the desktop app: its own flags, and those it hands on to the server. */

export interface Launch {
  /** Start everything on a throw-away profile, check it, say so in one line and exit. */
  smokeTest: boolean
  /** Started by the system at login rather than by a person. */
  atLogin: boolean
  /** What `serve` would be given. */
  serverArguments: string[]
}

export const atLoginFlag = '--at-login'

/**
 * `argv` without executable and script. `valueFlags` are the server's; what is neither theirs nor ours is a switch of Chromium
 * (e.g. `--ozone-platform=wayland`), a session manager's or macOS's own, none of which is a reason not to start.
 */
export function readLaunch(argv: readonly string[], valueFlags: readonly string[]): Launch {
  const serverArguments: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? ''
    const [flag = ''] = argument.split('=', 1)
    if (argument === '--help' || argument === '-h' || argument === '--version') serverArguments.push(argument)
    if (!valueFlags.includes(flag)) continue
    serverArguments.push(argument)
    const value = argv[index + 1]
    if (argument.includes('=') || value === undefined) continue
    serverArguments.push(value)
    index++
  }
  return { smokeTest: argv.includes('--smoke-test'), atLogin: argv.includes(atLoginFlag), serverArguments }
}

/**
 * What stands behind `mcp` where that is asked for; null where the app itself is to be started. Chromium's switches may stand before it.
 */
export function bridgeArguments(argv: readonly string[]): string[] | null {
  const first = argv.findIndex((argument) => !argument.startsWith('-'))
  return first !== -1 && argv[first] === 'mcp' ? argv.slice(first + 1) : null
}

/** The part of the library that is used here. */
declare module 'cross-spawn' {
  import type { spawn } from 'node:child_process'
  const crossSpawn: typeof spawn & {
    /** What it would start, for tests. */
    _parse(command: string, args: string[]): { command: string; args: string[]; options: { windowsVerbatimArguments?: boolean } }
  }
  export default crossSpawn
}

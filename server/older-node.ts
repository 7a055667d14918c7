/** Started by a Node that is too old for the server: the one that lies in the project's folder runs it instead, under this process. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Scripts {
  run(command: string, args: readonly string[], options: { cwd: string; lifeline: boolean }): Promise<number>
}

/** Returns its exit code. Signals and the end of this process reach it, as they do where a script of npm starts it. */
export async function runWithOwnNode(cli: string, args: readonly string[]): Promise<number> {
  const root = join(dirname(cli), cli.endsWith('.ts') ? '..' : '../..')
  const own = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(own)) {
    process.stderr.write(
      `Wheelhouse needs Node 22.18 or newer; this is ${process.versions.node}, and \`npm start\` has not fetched one yet.\n`,
    )
    return 1
  }
  // Named at run time, since the server as it is packed has no scripts; where its own Node lies, they do too.
  const scripts = (await import(pathToFileURL(join(root, 'scripts/lib/run.mjs')).href)) as Scripts
  return scripts.run(own, [cli, ...args], { cwd: process.cwd(), lifeline: true })
}

/** Ends the process groups of MCP servers when this process dies in a way that lets it end nothing itself (`kill -9`, a crash). */
import { spawn, type ChildProcess } from 'node:child_process'

export interface ProcessReaper {
  /** From now on the group dies with this process. */
  keep(group: number): void
  /** The group is gone; its number may be given to others. */
  drop(group: number): void
  stop(): void
}

/**
 * A shell that reads which groups there are and, when its input ends because we are gone, kills them. It costs a megabyte; a server
 * that ignores the end of its own input, or has started others, would otherwise outlive us. Windows ends them through their input alone.
 */
const script = `
groups=
while read -r verb group; do
  case $verb in
    keep) groups="$groups $group" ;;
    drop) rest=; for each in $groups; do [ "$each" = "$group" ] || rest="$rest $each"; done; groups=$rest ;;
  esac
done
for each in $groups; do kill -KILL -"$each" 2>/dev/null; done
`

export function createProcessReaper(): ProcessReaper {
  if (process.platform === 'win32') return { keep: () => undefined, drop: () => undefined, stop: () => undefined }
  const groups = new Set<number>()
  let shell: ChildProcess | undefined

  function tell(line: string): void {
    shell ??= start()
    shell.stdin?.write(`${line}\n`)
  }

  function start(): ChildProcess {
    // A group of its own: Ctrl+C in the terminal must not end it before it has done its work.
    const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    child.on('error', () => undefined)
    child.stdin?.on('error', () => undefined)
    child.unref()
    for (const group of groups) child.stdin?.write(`keep ${group}\n`)
    child.once('exit', () => {
      if (shell === child) shell = undefined
    })
    return child
  }

  return {
    keep(group) {
      tell(`keep ${group}`)
      groups.add(group)
    },
    drop(group) {
      if (groups.delete(group)) tell(`drop ${group}`)
    },
    stop() {
      shell?.stdin?.end()
      shell = undefined
    },
  }
}

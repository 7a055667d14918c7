/**
 * The search path of the person's login shell. A program that is started from a desktop has not read the files of the shell, in which nvm,
 * Homebrew and the like add where `npx`, `uvx` and `docker` are.
 */
import { spawn } from 'node:child_process'
import { userInfo } from 'node:os'
import { delimiter } from 'node:path'

export interface LoginShell {
  /** The path of a shell. */
  shell: string
  /** Ms; a shell may ask something that nobody answers. */
  patience: number
}

const mark = 'wheelhouse-environment'
/** Much more than any environment; a shell that prints without end is not listened to. */
const mostBytes = 1_048_576

/** Null when the shell does not say it, whatever the reason. Never throws. */
export function pathOfLoginShell({ shell, patience }: LoginShell): Promise<string | null> {
  return new Promise((resolve) => {
    // Between two marks: files of a shell may print banners. `env` is the same in every shell.
    const script = `echo; echo ${mark}; /usr/bin/env; echo ${mark}`
    const child = spawn(shell, ['-ilc', script], {
      // A group without a terminal: an interactive shell would otherwise stop the whole program to ask for one.
      detached: true,
      // Some end at once where nobody can read their complaints.
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DISABLE_AUTO_UPDATE: 'true', ZSH_TMUX_AUTOSTART: 'false', TERM: 'dumb' },
    })
    let said = ''
    const end = (path: string | null): void => {
      clearTimeout(timer)
      child.stdout.destroy()
      child.stderr.destroy()
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // It has ended with all that it started.
      }
      resolve(path)
    }
    const timer = setTimeout(() => end(null), patience)
    child.on('error', () => end(null))
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8')
      const path = pathIn(said)
      // What it does behind the second mark, such as waiting for a child, is of no concern.
      if (path !== undefined || said.length > mostBytes) end(path ?? null)
    })
    child.stderr.resume()
    child.on('close', () => end(pathIn(said) ?? null))
  })
}

/** Undefined while the second mark has not come; null when there is no path between the two. */
export function pathIn(said: string): string | null | undefined {
  // Lines of their own: a shell may also keep the word in a variable.
  const environment = new RegExp(`^${mark}$([^]*?)^${mark}$`, 'm').exec(said)?.[1]
  if (environment === undefined) return undefined
  return /^PATH=(.+)$/m.exec(environment)?.[1] ?? null
}

/** What is there stays first and in its order; what it lacks comes behind. */
export function mergedPath(here: string, login: string | null): string {
  const folders = [...here.split(delimiter), ...(login ?? '').split(delimiter)].filter((folder) => folder !== '')
  return [...new Set(folders)].join(delimiter)
}

const patience = 5_000
let asked: Promise<string | null> | undefined

/** Asked once in the life of the program. */
export function loginPath(): Promise<string | null> {
  return (asked ??= pathOfLoginShell({ shell: process.env['SHELL'] ?? userInfo().shell ?? '/bin/sh', patience }))
}

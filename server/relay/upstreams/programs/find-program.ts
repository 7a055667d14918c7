/** Where a command is found, and what is said when it is not. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { loginPath, mergedPath } from './login-path.ts'

/** Undefined when no folder of the path has it. A command with a folder in it is looked for nowhere else. */
export function findProgram(command: string, path: string): string | undefined {
  if (command.includes('/')) return isProgram(command) ? command : undefined
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find(isProgram)
}

/** Begun by a desktop, not in a terminal: what the files of a shell set is missing. */
export const fromDesktop = (): boolean => process.versions['electron'] !== undefined && process.env['TERM'] === undefined

/**
 * The search path for a command: the one there is, with that of the login shell behind it where this was started from a desktop or does not
 * find it. On Windows a program has the same path however it is started.
 */
export async function pathFor(command: string, here: string, login = loginPath, desktop = fromDesktop()): Promise<string> {
  if (process.platform === 'win32') return here
  if (!desktop && (command.includes('/') || findProgram(command, here) !== undefined)) return here
  return mergedPath(here, await login())
}

/** What a person can look into. */
export function notFound(command: string, path: string, cwd: string): string {
  if (!existsSync(cwd)) return `Its working directory ${cwd} does not exist`
  if (command.includes('/') || command.includes('\\')) return `${command} was not found`
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return `${command} was not found; looked in ${folders.join(', ')}`
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

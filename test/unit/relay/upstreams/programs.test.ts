/** How a command is found where the files of a shell were not read, and how it is run on Windows. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { temporaryFolder } from '../../../fakes/kernel.ts'
import { findProgram, notFound, pathFor } from '../../../../server/relay/upstreams/programs/find-program.ts'
import { mergedPath, pathIn, pathOfLoginShell } from '../../../../server/relay/upstreams/programs/login-path.ts'

function program(file: string, text: string): string {
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
  return file
}
const patience = 30_000

test('a login shell that prints banners says its path, and what it does afterwards is not waited for', async () => {
  const shell = program(join(temporaryFolder(), 'shell'), 'echo Welcome; PATH=/opt/nvm/bin:/usr/bin; export PATH; eval "$2"; sleep 600')
  expect(await pathOfLoginShell({ shell, patience })).toBe('/opt/nvm/bin:/usr/bin')
})

test('a login shell that hangs, fails, says nothing or is not there costs its patience and nothing else', async () => {
  const folder = temporaryFolder()
  expect(await pathOfLoginShell({ shell: program(join(folder, 'hangs'), 'sleep 600'), patience: 50 })).toBeNull()
  expect(await pathOfLoginShell({ shell: program(join(folder, 'fails'), 'exit 1'), patience })).toBeNull()
  expect(await pathOfLoginShell({ shell: join(folder, 'nowhere'), patience })).toBeNull()
  expect(await pathOfLoginShell({ shell: '/bin/sh', patience })).toMatch(/^\//)
})

test('a value of several lines before the path is no path', () => {
  expect(pathIn('hi\nwheelhouse-environment\nNOTE=a\n XPATH=/no\n_=wheelhouse-environment\nPATH=/one:/two\nwheelhouse-environment\n')).toBe(
    '/one:/two',
  )
  expect(pathIn('wheelhouse-environment\nPATH=/one')).toBeUndefined()
  expect(pathIn('wheelhouse-environment\nHOME=/\nwheelhouse-environment')).toBeNull()
})

test('what the path has stays first, and what it lacks comes behind it once', () => {
  expect(mergedPath('/usr/bin:/bin', '/opt/homebrew/bin:/usr/bin:/opt/homebrew/bin')).toBe('/usr/bin:/bin:/opt/homebrew/bin')
  expect(mergedPath('/usr/bin', null)).toBe('/usr/bin')
})

test('the login shell is asked only for what is not found, or where a desktop started this', async () => {
  const [here, there] = [join(temporaryFolder(), 'here'), join(temporaryFolder(), 'there')]
  for (const folder of [here, there]) mkdirSync(folder)
  program(join(here, 'node'), '')
  program(join(there, 'npx'), '')
  const login = vi.fn(async () => there)
  expect(await pathFor('node', here, login, false)).toBe(here)
  expect(await pathFor('/srv/harbor', here, login, false)).toBe(here)
  expect(login).not.toHaveBeenCalled()
  const found = await pathFor('npx', here, login, false)
  expect(findProgram('npx', found)).toBe(join(there, 'npx'))
  // It is found, and what it starts in turn may not be.
  expect(await pathFor('node', here, login, true)).toBe(`${here}:${there}`)
})

test('a command that is not found says where it was looked for', () => {
  const folder = temporaryFolder()
  expect(notFound('npx', '/usr/bin:/bin', folder)).toBe('npx was not found; looked in /usr/bin, /bin')
  expect(notFound('/srv/harbor', '/usr/bin', folder)).toBe('/srv/harbor was not found')
  expect(notFound('npx', '/usr/bin', join(folder, 'gone'))).toBe(`Its working directory ${join(folder, 'gone')} does not exist`)
})

test('on Windows a .cmd file is run by the shell, with arguments that it takes for nothing else', async () => {
  const folder = temporaryFolder()
  program(join(folder, 'npx.cmd'), '')
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? expect.unreachable('a process has a platform')
  onTestFinished(() => {
    Object.defineProperty(process, 'platform', platform)
    vi.unstubAllEnvs()
  })
  vi.stubEnv('PATH', folder)
  vi.stubEnv('PATHEXT', '.EXE;.CMD')
  vi.stubEnv('comspec', 'cmd.exe')
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
  // It looks at the platform when it is loaded.
  const { createRequire } = await import('node:module')
  const load = createRequire(import.meta.url)
  for (const key of Object.keys(load.cache)) if (/node_modules\/(?:cross-spawn|which|isexe|path-key)\//.test(key)) delete load.cache[key]
  const crossSpawn = load('cross-spawn') as typeof import('cross-spawn').default
  const { command, args, options } = crossSpawn._parse('npx', ['-y', 'harbor&calc', 'say "hi"'])
  expect(command).toBe('cmd.exe')
  expect(args.slice(0, 3)).toEqual(['/d', '/s', '/c'])
  expect(args[3]).toMatch(/^"npx /)
  expect(args[3]).toContain('^"harbor^&calc^"')
  expect(args[3]).not.toContain('harbor&calc')
  expect(options.windowsVerbatimArguments).toBe(true)
})

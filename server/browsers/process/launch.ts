/** Starts one Chromium, drives it over its pipe, and ends it for certain. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readlink, rm, statfs, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Browser } from 'puppeteer-core'
import { isDoneWithin } from '../../async/deadline.ts'
import { Fault } from '../../fault.ts'
import type { EgressProxy } from './egress-proxy.ts'
import { chromiumFlags, profilePreferences } from './flags.ts'
import { createPipeTransport } from './pipe.ts'

export interface LaunchOptions {
  executable: string
  /** Made by the launch; removed by `removeProfile`. */
  profileDir: string
  headless: boolean
  /** Its way to every network; left out for one that is sent nowhere. */
  proxy?: EgressProxy
  /** Ends the launch, or the browser. */
  signal?: AbortSignal
  /** Called as soon as there is a process, before it answers. */
  onSpawned?(pid: number): void
}

export interface RunningBrowser {
  readonly pid: number
  /** E.g. `Chrome/156.0.8078.79`. */
  readonly version: string
  readonly puppeteer: Browser
  /** Settles with words when the browser has gone, for whatever reason. */
  readonly gone: Promise<string>
  /** Asks it to close and kills it after `grace` ms; resolves when the process is gone, false when it would not go. */
  close(grace: number): Promise<boolean>
}

/** Ms within which a browser has to answer; a first start on a busy machine is slow. */
const startTimeout = 30_000

export async function launchBrowser({
  executable,
  profileDir,
  headless,
  proxy,
  signal,
  onSpawned,
}: LaunchOptions): Promise<RunningBrowser> {
  signal?.throwIfAborted()
  // 110 ms, so only when the first browser is wanted, and while the profile is prepared.
  const [{ connect }, temporary] = await Promise.all([import('puppeteer-core'), prepareProfile(profileDir)])
  signal?.throwIfAborted()
  const flags = chromiumFlags({
    profileDir,
    headless,
    sandbox: sandboxed(),
    smallSharedMemory: await hasSmallSharedMemory(),
    proxyPort: proxy?.port ?? null,
  })
  const child = spawn(executable, flags, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: browserEnvironment(temporary),
    // A process group of its own: one signal reaches all its children, and Ctrl+C in our terminal does not reach it before we do.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  const lastWords = keepLastWords(child)
  const gone = whenGone(child, lastWords)
  const kill = (): void => killTree(child)
  if (child.pid === undefined) throw new Fault('start-failed', `Chromium could not be started: ${await gone}`)
  onSpawned?.(child.pid)
  signal?.addEventListener('abort', kill, { once: true })

  // stdio names five pipes above; Node types only the first three.
  const transport = createPipeTransport(child.stdio[3] as Writable, child.stdio[4] as Readable, () => {
    // A browser that cannot be driven is of no use to anybody; the process may linger when only its pipe broke.
    setTimeout(kill, 200).unref()
  })
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Fault('start-failed', `Chromium did not answer within ${startTimeout / 1_000} seconds`)),
        startTimeout,
      )
    })
    const died = gone.then((words): never => {
      throw endedEarly(words)
    })
    const puppeteer = await Promise.race([
      connect({ transport, defaultViewport: headless ? { width: 1_280, height: 800 } : null, protocolTimeout: 60_000 }),
      late,
      died,
    ])
    proxy?.serve(puppeteer)
    const version = await Promise.race([puppeteer.version(), late, died])
    return { pid: child.pid, version, puppeteer, gone, close: (grace) => closeBrowser(puppeteer, child, gone, grace) }
  } catch (error) {
    // The broken pipe is noticed before the end of the process, which says more.
    const byItself = await isDoneWithin(signal?.aborted ? 0 : 200, gone)
    kill()
    const words = await gone
    if (signal?.aborted) throw signal.reason
    throw byItself ? endedEarly(words) : error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', kill)
  }
}

const endedEarly = (words: string): Fault => new Fault('start-failed', `Chromium ended while starting: ${words}`)

/** True when Chromium runs in its sandbox; as root on Linux it refuses to start with one. */
export function sandboxed(): boolean {
  return !(process.platform === 'linux' && process.getuid?.() === 0)
}

/** Removes a profile with the temporary files of its browser. Windows and late writers hold files for a moment (EBUSY, ENOTEMPTY), hence the retries. */
export async function removeProfile(profileDir: string): Promise<void> {
  const retries = { recursive: true, force: true, maxRetries: 6, retryDelay: 100 }
  const temporary = await readlink(join(profileDir, temporaryLink)).catch(() => null)
  // Only a directory that we can have made ourselves is removed through a link.
  if (temporary && basename(temporary).startsWith(temporaryPrefix)) await rm(temporary, retries)
  await rm(profileDir, retries)
}

const temporaryLink = 'temporary-files'
const temporaryPrefix = 'wheelhouse-browser-'

/** Returns the directory for the browser's temporary files: of killed browsers they would otherwise fill the system's. */
async function prepareProfile(profileDir: string): Promise<string | null> {
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

/** Our own variables may carry secrets and mean nothing to a browser. */
function browserEnvironment(temporary: string | null): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(WHEELHOUSE_|ELECTRON_|NODE_|npm_|API_KEY$|DATABASE_URL$|REDIS_URL$)/.test(name),
  )
  return { ...Object.fromEntries(kept), ...(temporary ? { TMPDIR: temporary, TEMP: temporary, TMP: temporary } : {}) }
}

/** Containers give 64 MB, on which pages crash. */
async function hasSmallSharedMemory(): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const disk = await statfs('/dev/shm').catch(() => null)
  return disk === null || disk.bavail * disk.bsize < 512 * 1_024 * 1_024
}

/** The end of what the browser wrote to stderr: why it did not start is said there and nowhere else. */
function keepLastWords(child: ChildProcess): () => string {
  let text = ''
  child.stderr?.setEncoding('utf8')
  child.stderr?.on('data', (chunk: string) => {
    text = (text + chunk).slice(-4_000)
  })
  child.stderr?.on('error', () => {})
  return () => {
    const line = text.split('\n').findLast((candidate) => /FATAL|No usable sandbox|error while loading|cannot open/i.test(candidate))
    return line === undefined
      ? ''
      : line
          .replace(/^\[[^\]]*\]\s*/, '')
          .trim()
          .slice(0, 300)
  }
}

function whenGone(child: ChildProcess, lastWords: () => string): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => {
      // The group's remains, so that nothing writes into a directory that is being removed.
      signalGroup(child)
      const how = signal ? `killed by ${signal}` : `exit code ${code ?? 'unknown'}`
      const tell = (): void => resolve([how, lastWords()].filter(Boolean).join(': '))
      // What it wrote may still be on its way; a descendant that holds stderr open must not keep us waiting.
      if (child.stderr?.readableEnded !== false) return tell()
      child.stderr.once('close', tell)
      setTimeout(tell, 100).unref()
    })
  })
}

function killTree(child: ChildProcess): void {
  // Once the process has been reaped its id may belong to somebody else.
  if (child.exitCode === null && child.signalCode === null) signalGroup(child)
}

function signalGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    if (process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL')
    else if (child.exitCode === null)
      spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true }).on('error', () =>
        child.kill('SIGKILL'),
      )
  } catch {
    // ESRCH: all of the group is gone, which is what was wanted.
  }
}

async function closeBrowser(puppeteer: Browser, child: ChildProcess, gone: Promise<string>, grace: number): Promise<boolean> {
  // Not awaited: a stopped or hung browser never answers.
  if (grace > 0) puppeteer.close().catch(() => {})
  if (await isDoneWithin(grace, gone)) return true
  killTree(child)
  return isDoneWithin(3_000, gone)
}

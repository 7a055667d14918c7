/** Which Chromium the sessions run on: found lazily, proven by a real launch, remembered on disk, installed on request. */
import { readFileSync, statSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { BrowserFault } from '../fault.ts'
import { within } from '../../isolation.ts'
import type { Log } from '../../log.ts'
import { replaceFile } from '../../store/files.ts'
import type { ChromiumState } from '../contract/index.ts'
import { findCandidates, placesHere, type Candidate, type Places } from './discover.ts'
import { installChrome, type InstallSource } from './install.ts'
import { launchBrowser } from './launch.ts'
import { sandboxed } from './machine.ts'
import { removeProfile } from './profile-directory.ts'
import { browserScope } from './scopes.ts'

export interface ChromiumOptions {
  /** `<data directory>/browsers`. */
  folder: string
  profilesDir: string
  configured(): string | null
  changed(state: ChromiumState): void
  clock: Clock
  log: Log
  install?: InstallSource
  /** For tests: another machine's places. */
  places?(installDir: string, configured: string | null): Places
}

interface Remembered {
  path: string
  modified: number
  size: number
  version: string
}

export class Chromium {
  readonly #options: ChromiumOptions
  readonly #installDir: string
  readonly #memory: string
  #state: ChromiumState
  #since: number | null = null
  #life = new AbortController()
  #checking: Promise<string> | null = null
  #installing: { done: Promise<void>; cancel: AbortController } | null = null

  constructor(options: ChromiumOptions) {
    this.#options = options
    this.#installDir = join(options.folder, 'chrome')
    this.#memory = join(options.folder, 'chromium.json')
    this.#state = {
      state: 'unknown',
      path: null,
      version: null,
      source: null,
      sandbox: sandboxed(),
      message: null,
      progress: null,
      searched: [],
    }
  }

  /** Since when it is in this state, ms since the epoch; null before the first change. */
  get since(): number | null {
    return this.#since
  }

  state(): ChromiumState {
    return this.#state
  }

  /** The path of a Chromium that has been seen to start. Throws `no-browser`. */
  async ensure(): Promise<string> {
    if (this.#state.state === 'ready' && this.#state.path !== null) return this.#state.path
    await this.#installing?.done
    return this.check(false)
  }

  /** Looks again; `again: false` accepts what an earlier check remembered. Callers at the same time share one check. Throws `no-browser`. */
  check(again: boolean): Promise<string> {
    this.#checking ??= this.#check(again).finally(() => {
      this.#checking = null
    })
    return this.#checking
  }

  /** Looks at files alone and launches nothing, so that a start can say at once that there is no Chromium. */
  glance(): void {
    if (this.#state.state !== 'unknown') return
    const { candidates, searched } = this.#find()
    const known = candidates.find((candidate) => this.#remembered(candidate) !== null)
    if (known && known === candidates[0]) this.#ready(known, this.#remembered(known) ?? '')
    else if (candidates.length === 0) this.#set(this.#missing(searched))
  }

  /** What was found no longer holds, e.g. because the setting changed. */
  forget(): void {
    if (this.#installing) return
    this.#set({ ...this.#state, state: 'unknown', path: null, version: null, source: null, message: null, progress: null })
  }

  /** Resolves when the download has begun; the rest is told through `changed`. */
  install(): ChromiumState {
    if (this.#installing) return this.#state
    const cancel = new AbortController()
    this.#set({ ...this.#state, state: 'installing', message: null, progress: { receivedBytes: 0, totalBytes: null } })
    const done = this.#install(cancel.signal).finally(() => {
      this.#installing = null
    })
    this.#installing = { done, cancel }
    return this.#state
  }

  async cancelInstall(): Promise<ChromiumState> {
    const installing = this.#installing
    installing?.cancel.abort(new BrowserFault('install-cancelled', 'The download was cancelled'))
    await installing?.done
    return this.#state
  }

  /** Each launch tells the version that really runs: the file behind a launcher script changes without the script. */
  saw(version: string): void {
    const number = version.replace(/^[^/]*\//, '')
    if (this.#state.state === 'ready' && this.#state.version !== number) this.#set({ ...this.#state, version: number })
  }

  /** Starts browsers again after a stop. */
  start(): void {
    if (this.#life.signal.aborted) this.#life = new AbortController()
  }

  async stop(): Promise<void> {
    this.#life.abort(new BrowserFault('no-browser', 'The server stopped'))
    await this.cancelInstall()
    await this.#checking?.catch(() => {})
  }

  async #check(again: boolean): Promise<string> {
    const { candidates, searched } = this.#find()
    if (candidates.length === 0) {
      this.#set(this.#missing(searched))
      throw new BrowserFault('no-browser', this.#state.message ?? 'No Chromium was found')
    }
    this.#set({ ...this.#state, state: 'checking', searched, message: null })
    const failures: string[] = []
    for (const candidate of candidates) {
      const known = again ? null : this.#remembered(candidate)
      const version =
        known ?? (await this.#prove(candidate.path).catch((error: unknown) => void failures.push(`${candidate.path}: ${wordsOf(error)}`)))
      if (!version) continue
      if (!known) this.#remember(candidate, version)
      this.#ready(candidate, version)
      return candidate.path
    }
    const message = `${failures[0] ?? 'No Chromium could be started'}${failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''}`
    this.#set({
      ...this.#state,
      state: 'failed',
      path: candidates[0]?.path ?? null,
      source: candidates[0]?.source ?? null,
      version: null,
      message,
    })
    this.#options.log.warn({ failures }, 'no chromium could be started')
    throw new BrowserFault('no-browser', message)
  }

  /** A real launch: a file that is there may lack its libraries or its sandbox. */
  async #prove(executable: string): Promise<string> {
    await mkdir(this.#options.profilesDir, { recursive: true, mode: 0o700 })
    const profileDir = join(this.#options.profilesDir, `check-${randomBytes(6).toString('hex')}`)
    try {
      const failed = new AbortController()
      const signal = AbortSignal.any([this.#life.signal, failed.signal])
      const scope = browserScope('check', (_, reason) => failed.abort(new BrowserFault('no-browser', `What drives it failed: ${reason}`)))
      const browser = await within(scope, () => launchBrowser({ executable, profileDir, headless: true, signal }))
      await browser.close(0)
      return browser.version.replace(/^[^/]*\//, '')
    } finally {
      await removeProfile(profileDir).catch((error: unknown) =>
        this.#options.log.warn({ error: wordsOf(error) }, 'a profile could not be removed'),
      )
    }
  }

  async #install(signal: AbortSignal): Promise<void> {
    try {
      await installChrome({
        folder: this.#installDir,
        signal,
        source: this.#options.install ?? {},
        progress: (receivedBytes, totalBytes) => this.#set({ ...this.#state, progress: { receivedBytes, totalBytes } }),
      })
      this.#set({ ...this.#state, progress: null })
      await this.check(true).catch(() => {})
    } catch (error) {
      const cancelled = BrowserFault.is(error, 'install-cancelled')
      if (!cancelled) this.#options.log.warn({ error: wordsOf(error) }, 'chrome could not be installed')
      this.#set({ ...this.#state, state: cancelled ? 'unknown' : 'failed', message: cancelled ? null : wordsOf(error), progress: null })
      if (cancelled) this.glance()
    }
  }

  #find() {
    return findCandidates((this.#options.places ?? placesHere)(this.#installDir, this.#options.configured()))
  }

  #missing(searched: string[]): ChromiumState {
    const configured = this.#options.configured()
    const message =
      configured === null
        ? 'No Chromium was found on this machine'
        : `There is no executable file at ${configured}, where the settings say the browser is`
    return { ...this.#state, state: 'missing', path: null, version: null, source: null, searched, message, progress: null }
  }

  #ready(candidate: Candidate, version: string): void {
    this.#set({ ...this.#state, state: 'ready', path: candidate.path, source: candidate.source, version, message: null, progress: null })
  }

  #set(state: ChromiumState): void {
    if (state.state !== this.#state.state) this.#since = this.#options.clock.now()
    this.#state = state
    this.#options.changed(state)
  }

  /** The version an earlier check read, while the file is still the same. */
  #remembered({ path }: Candidate): string | null {
    try {
      // Written by `#remember`; a file that was changed to something else fails the comparison below.
      const known = JSON.parse(readFileSync(this.#memory, 'utf8')) as Partial<Remembered>
      const { mtimeMs, size } = statSync(path)
      return known.path === path && known.modified === mtimeMs && known.size === size && typeof known.version === 'string'
        ? known.version
        : null
    } catch {
      return null
    }
  }

  #remember({ path }: Candidate, version: string): void {
    try {
      const { mtimeMs, size } = statSync(path)
      replaceFile(this.#memory, JSON.stringify({ path, modified: mtimeMs, size, version } satisfies Remembered))
    } catch (error) {
      // Only costs the next start a launch.
      this.#options.log.debug({ error: wordsOf(error) }, 'the chromium found could not be remembered')
    }
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

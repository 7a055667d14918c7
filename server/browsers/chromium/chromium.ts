/** Which Chromium the sessions run on: found lazily, proven by a real launch, remembered on disk, installed on request. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { within } from '../../isolation.ts'
import { Lifecycle } from '../../lifecycle.ts'
import type { Log } from '../../log.ts'
import type { ChromiumState } from '../contract/index.ts'
import { BrowserFault } from '../fault.ts'
import { launchBrowser } from '../process/launch.ts'
import { sandboxed } from '../process/machine.ts'
import { removeProfile } from '../process/profile-directory.ts'
import { browserScope } from '../process/scopes.ts'
import { chromiumLifecycle, type ChromiumEvent, type Knowledge } from './chromium-lifecycle.ts'
import { findCandidates, placesHere, type Candidate, type Places } from './discover.ts'
import { installChrome, type InstallSource } from './install.ts'
import { createProvenFile, type ProvenFile } from './proven.ts'

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

/** What is known of it beside its state. */
type Findings = Omit<ChromiumState, 'state'>

export class Chromium {
  readonly #options: ChromiumOptions
  readonly #installDir: string
  readonly #proven: ProvenFile
  readonly #lifecycle: Lifecycle<Knowledge, ChromiumEvent>
  #findings: Findings
  #since: number | null = null
  #life = new AbortController()
  #checking: Promise<string> | null = null
  #installing: { done: Promise<void>; cancel: AbortController } | null = null

  constructor(options: ChromiumOptions) {
    this.#options = options
    this.#installDir = join(options.folder, 'chrome')
    this.#proven = createProvenFile(join(options.folder, 'chromium.json'))
    this.#lifecycle = new Lifecycle(chromiumLifecycle, {
      facts: () => undefined,
      onTransition: (from, to) => {
        if (from !== to) this.#since = options.clock.now()
      },
      onIllegal: (state, event) => options.log.error({ state, event }, 'an event that its state does not allow reached the chromium'),
    })
    this.#findings = {
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
    return { state: this.#lifecycle.state, ...this.#findings }
  }

  /** The path of a Chromium that has been seen to start. Throws `no-browser`. */
  async ensure(): Promise<string> {
    if (this.#lifecycle.state === 'ready' && this.#findings.path !== null) return this.#findings.path
    await this.#installing?.done
    return this.check(false)
  }

  /**
   * Looks again; `again: false` accepts what an earlier check remembered. Callers at the same time share one check. Throws `no-browser`.
   */
  check(again: boolean): Promise<string> {
    this.#checking ??= this.#check(again).finally(() => {
      this.#checking = null
    })
    return this.#checking
  }

  /** Looks at files alone and launches nothing, so that a start can say at once that there is no Chromium. */
  glance(): void {
    if (this.#lifecycle.state !== 'unknown') return
    const { candidates, searched } = this.#find()
    const [first] = candidates
    const version = first === undefined ? null : this.#proven.versionOf(first.path)
    if (first !== undefined && version !== null) this.#ready('seen', first, version)
    else if (first === undefined) this.#missing(searched)
  }

  /** What was found no longer holds, e.g. because the setting changed. */
  forget(): void {
    if (this.#installing) return
    this.#handle('forgotten', { path: null, version: null, source: null, message: null, progress: null })
  }

  /** Resolves when the download has begun; the rest is told through `changed`. */
  install(): ChromiumState {
    if (this.#installing) return this.state()
    const cancel = new AbortController()
    this.#handle('install-begun', { message: null, progress: { receivedBytes: 0, totalBytes: null } })
    const done = this.#install(cancel.signal).finally(() => {
      this.#installing = null
    })
    this.#installing = { done, cancel }
    return this.state()
  }

  async cancelInstall(): Promise<ChromiumState> {
    const installing = this.#installing
    installing?.cancel.abort(new BrowserFault('install-cancelled', 'The download was cancelled'))
    await installing?.done
    return this.state()
  }

  /** Each launch tells the version that really runs: the file behind a launcher script changes without the script. */
  saw(version: string): void {
    const number = version.replace(/^[^/]*\//, '')
    if (this.#lifecycle.state === 'ready' && this.#findings.version !== number) this.#learn({ version: number })
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
      this.#missing(searched)
      throw new BrowserFault('no-browser', this.#findings.message ?? 'No Chromium was found')
    }
    this.#handle('check-begun', { searched, message: null })
    const failures: string[] = []
    for (const candidate of candidates) {
      const known = again ? null : this.#proven.versionOf(candidate.path)
      const version =
        known ?? (await this.#prove(candidate.path).catch((error: unknown) => void failures.push(`${candidate.path}: ${messageOf(error)}`)))
      if (!version) continue
      if (!known) this.#keep(candidate, version)
      this.#ready('proven', candidate, version)
      return candidate.path
    }
    const message = `${failures[0] ?? 'No Chromium could be started'}${failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''}`
    this.#handle('none-starts', { path: candidates[0]?.path ?? null, source: candidates[0]?.source ?? null, version: null, message })
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
        this.#options.log.warn({ error: messageOf(error) }, 'a profile could not be removed'),
      )
    }
  }

  async #install(signal: AbortSignal): Promise<void> {
    try {
      await installChrome({
        folder: this.#installDir,
        signal,
        source: this.#options.install ?? {},
        progress: (receivedBytes, totalBytes) => this.#learn({ progress: { receivedBytes, totalBytes } }),
      })
      this.#learn({ progress: null })
      await this.check(true).catch(() => {})
    } catch (error) {
      if (BrowserFault.is(error, 'install-cancelled')) {
        this.#handle('install-cancelled', { message: null, progress: null })
        return this.glance()
      }
      this.#options.log.warn({ error: messageOf(error) }, 'chrome could not be installed')
      this.#handle('install-failed', { message: messageOf(error), progress: null })
    }
  }

  #find() {
    return findCandidates((this.#options.places ?? placesHere)(this.#installDir, this.#options.configured()))
  }

  #missing(searched: string[]): void {
    const configured = this.#options.configured()
    const message =
      configured === null
        ? 'No Chromium was found on this machine'
        : `There is no executable file at ${configured}, where the settings say the browser is`
    this.#handle('none-found', { path: null, version: null, source: null, searched, message, progress: null })
  }

  #ready(how: 'seen' | 'proven', { path, source }: Candidate, version: string): void {
    this.#handle(how, { path, source, version, message: null, progress: null })
  }

  #handle(event: ChromiumEvent, findings: Partial<Findings>): void {
    if (this.#lifecycle.handle(event)) this.#learn(findings)
  }

  #learn(findings: Partial<Findings>): void {
    this.#findings = { ...this.#findings, ...findings }
    this.#options.changed(this.state())
  }

  #keep({ path }: Candidate, version: string): void {
    try {
      this.#proven.keep(path, version)
    } catch (error) {
      this.#options.log.debug({ error: messageOf(error) }, 'the chromium found could not be remembered')
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

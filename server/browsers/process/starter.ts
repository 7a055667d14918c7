/** Gives those who want one a browser and takes it away: the place for one, its records on disk, its proxy, its process. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { abortable } from '../../async/abortable.ts'
import type { StartTimer } from '../../async/deadline.ts'
import { createSemaphore, type Semaphore } from '../../async/semaphore.ts'
import type { SettingsSource } from '../../config/source.ts'
import type { Egress } from '../../http/egress.ts'
import { escape, within, type Scope } from '../../isolation.ts'
import type { Setup } from '../contract/setup.ts'
import { BrowserRecords, type RecordsOptions } from './browser-records.ts'
import { EgressProxy } from './egress-proxy.ts'
import { launchBrowser, type RunningBrowser } from './launch.ts'
import { prepareFirstPage } from '../page/first-page.ts'
import { browserScope, movableScope } from './scopes.ts'
import { SpareBrowser, type Extras, type Fitness, type Held } from './spare.ts'

export interface StarterOptions extends RecordsOptions {
  settings: SettingsSource
  /** Judges where browsers go. */
  egress: Egress
  chromium: ExecutableSource
  /** Of the extensions that a session may be opened with, one folder each. */
  extensionsDir: string
  /** Something that a list shows has changed. */
  changed(): void
  /** Measures how long a browser or a page may take to answer before it is taken for silent; a real timer when left out. */
  startTimer?: StartTimer
  /** Bytes; the system is asked when left out. */
  freeMemory?: () => number
}

/** Which Chromium is started. */
export interface ExecutableSource {
  /** The path of one that has been seen to start. Throws `no-browser`. */
  ensure(): Promise<string>
  /** The path as far as it is known by now. */
  state(): { path: string | null }
  /** The version that a launch has told. */
  saw(version: string): void
  /** It has not started. */
  forget(): void
}

/** Ms a browser has to close by itself before it is killed; its profile is thrown away in any case. */
const closeGrace = 1_000

/** Whoever has a browser, e.g. a session. */
export interface BrowserOwner {
  /** Begins the name of its row in the process registry. */
  readonly id: string
  /** Aborts when it wants none any more. */
  readonly life: AbortSignal
  /** What it chose; nothing when left out. */
  readonly setup?: { readonly chosen: Pick<Setup, 'headless' | 'extensions' | 'args'> }
}

export class BrowserStarter {
  readonly #options: StarterOptions
  /**
   * Two limits with one number N. Sessions: at most N live ones, starting ones included; the service sees to that. Browsers: at most N
   * processes, closing ones included; these slots see to that, so a session that replaces an evicted one starts its browser when the other
   * is really gone.
   */
  readonly #slots: Semaphore
  readonly #spare: SpareBrowser
  readonly #records: BrowserRecords
  /** Their browsers, null while one starts. */
  readonly #held = new Map<BrowserOwner, { row: string; browser: RunningBrowser | null }>()
  readonly #proxies = new Set<EgressProxy>()

  constructor(options: StarterOptions) {
    this.#options = options
    const { settings, chromium, log } = options
    this.#records = new BrowserRecords(options)
    this.#slots = createSemaphore(() => settings.current().browsers.maxSessions)
    this.#spare = new SpareBrowser({
      slots: this.#slots,
      log,
      wanted: () => {
        const { warmSpare, headless } = settings.current().browsers
        const executable = chromium.state().path
        return warmSpare && executable !== null ? { executable, headless } : null
      },
      changed: options.changed,
      startTimer: options.startTimer,
      ...(options.freeMemory && { freeMemory: options.freeMemory }),
      patience: () => settings.current().browsers.idleTimeout * 1_000,
      start: async (fitness, signal, release) => {
        const row = `spare_${randomBytes(8).toString('hex')}`
        const scope = movableScope(browserScope(row, () => this.#spare.discard()))
        try {
          const browser = await within(scope, () => this.#launch(row, fitness, signal))
          await Promise.race([prepareFirstPage(browser.puppeteer), browser.gone])
          return { row, browser, release, scope }
        } catch (error) {
          await this.#records.close(row)
          throw error
        }
      },
      end: async ({ row, browser, release }) => {
        if (await browser.close(closeGrace)) await this.#records.close(row)
        release()
      },
    })
  }

  get spareReady(): boolean {
    return this.#spare.ready
  }

  /** True while a browser of this run uses the directory. */
  usesProfile(profileDir: string): boolean {
    return this.#records.has(profileDir)
  }

  /** The limit may have risen, or the spare browser be of no use any more. */
  reconsider(): void {
    this.#slots.limitChanged()
    this.#spare.reconsider()
    for (const proxy of this.#proxies) proxy.reconsider()
  }

  /** To be called when nothing else wants the processor: starts a spare browser when the settings want one. */
  prepareSpare(): void {
    this.#spare.prepare()
  }

  async stop(): Promise<void> {
    this.#spare.discard()
    await this.#spare.settled()
  }

  /**
   * Resolves with a browser that runs, which then belongs to `scope`, until `end` is called. Throws `no-browser`, `start-failed`, or the
   * reason of the owner's end.
   */
  async start(owner: BrowserOwner, scope: Scope): Promise<RunningBrowser> {
    const { chromium, settings } = this.#options
    const chosen = owner.setup?.chosen
    const usual = settings.current().browsers.headless
    const fitness = { executable: await abortable(chromium.ensure(), owner.life), headless: chosen?.headless ?? usual }
    const extras = { extensions: this.#folders(chosen?.extensions ?? []), args: chosen?.args ?? [] }
    const fitsSpare = fitness.headless === usual && extras.extensions.length + extras.args.length === 0
    const { browser, release } =
      (fitsSpare ? await this.#takeSpare(owner, fitness, scope) : null) ?? (await this.#startOwn(owner, fitness, extras))
    browser.gone.then(release).catch(escape)
    chromium.saw(browser.version)
    return browser
  }

  /** Ends the browser and removes what it had. False when the process would not go; its row then stays for the next start. */
  async end(owner: BrowserOwner): Promise<boolean> {
    const held = this.#held.get(owner)
    if (held === undefined) return true
    const closed = (await held.browser?.close(closeGrace)) ?? true
    if (closed) await this.#records.close(held.row)
    else this.#records.leave(held.row)
    this.#held.delete(owner)
    return closed
  }

  #folders(extensions: readonly string[]): string[] {
    return extensions.map((name) => join(this.#options.extensionsDir, name))
  }

  async #takeSpare(owner: BrowserOwner, fitness: Fitness, scope: Scope): Promise<Held | null> {
    const held = await this.#spare.take(fitness)
    if (held === null) return null
    this.#held.set(owner, { row: held.row, browser: held.browser })
    held.scope.moveTo(scope)
    return held
  }

  async #startOwn(owner: BrowserOwner, fitness: Fitness, extras: Extras): Promise<Pick<Held, 'browser' | 'release'>> {
    const release = await this.#slots.acquire(owner.life)
    // Of each browser its own: a session that wakes has its id from a run whose leftovers may not be gone yet.
    const row = `${owner.id}.${randomBytes(4).toString('hex')}`
    this.#held.set(owner, { row, browser: null })
    try {
      const browser = await this.#launch(row, fitness, owner.life, extras)
      this.#held.set(owner, { row, browser })
      return { browser, release }
    } catch (error) {
      release()
      // The file may have been replaced or removed since it was proven.
      if (!owner.life.aborted) this.#options.chromium.forget()
      throw error
    }
  }

  async #launch(row: string, { executable, headless }: Fitness, signal: AbortSignal, extras?: Extras): Promise<RunningBrowser> {
    const { egress, log } = this.#options
    const profileDir = this.#records.open(row)
    const opening = EgressProxy.open(egress)
    const launched = launchBrowser({
      executable,
      profileDir,
      headless,
      ...extras,
      proxy: opening,
      signal,
      onIllegalTransition: (state, event) =>
        log.error({ row, state, event }, 'an event that its state does not allow reached a browser process'),
      onSpawned: (pid) => this.#records.started(row, pid),
    })
    const gone = launched.then(
      (browser) => browser.gone,
      () => undefined,
    )
    void opening.then(
      (proxy) => {
        this.#proxies.add(proxy)
        void gone.then(() => {
          this.#proxies.delete(proxy)
          proxy.close()
        })
      },
      // The launch tells.
      () => undefined,
    )
    return launched
  }
}

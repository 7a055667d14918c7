/** Gives sessions their browsers and takes them away: the place for one, its directory, its row in the ledger, its process. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { SettingsSource } from '../config/source.ts'
import { Fault } from '../fault.ts'
import type { Log } from '../log.ts'
import { abortable } from './abortable.ts'
import { BrowserSlots } from './capacity.ts'
import type { Chromium } from './chromium.ts'
import { launchBrowser, removeProfile, type RunningBrowser } from './launch.ts'
import { processFacts } from './process-table.ts'
import type { Session } from './session.ts'
import type { Ledger } from './store.ts'

export interface StarterOptions {
  settings: SettingsSource
  clock: Clock
  log: Log
  chromium: Pick<Chromium, 'ensure' | 'saw' | 'forget'>
  ledger: Ledger
  profilesDir: string
}

/** Ms a browser has to close by itself before it is killed; its profile is thrown away in any case. */
const closeGrace = 1_000

export class BrowserStarter {
  readonly #options: StarterOptions
  readonly #slots: BrowserSlots
  readonly #profileDirs = new Map<Session, string>()

  constructor(options: StarterOptions) {
    this.#options = options
    this.#slots = new BrowserSlots(() => options.settings.current().browsers.maxSessions)
  }

  /** True while a session of this run uses the directory. */
  usesProfile(profileDir: string): boolean {
    return [...this.#profileDirs.values()].includes(profileDir)
  }

  /** The limit may have risen. */
  reconsider(): void {
    this.#slots.grant()
  }

  /** Resolves when the session's browser can be driven; `gone` is called when it has ended, for whatever reason. Throws a fault, or the reason for which the session ends. */
  async start(session: Session, gone: (words: string) => void): Promise<void> {
    const { chromium } = this.#options
    const { signal } = session.life
    try {
      const executable = await abortable(chromium.ensure(), signal)
      const release = await this.#slots.acquire(signal)
      const browser = await this.#launch(session, executable).catch((error: unknown) => {
        release()
        // The file may have been replaced or removed since it was proven.
        if (!signal.aborted) chromium.forget()
        throw error
      })
      session.browser = browser
      void browser.gone.then((words) => {
        release()
        gone(words)
      })
      chromium.saw(browser.version)
      await abortable(session.attach(browser), signal)
      session.happen('browser-up', { up: true })
    } catch (error) {
      const cause = await session.causeOf(error)
      throw cause instanceof Fault ? cause : new Fault('start-failed', `The browser could not be started: ${cause instanceof Error ? cause.message : String(cause)}`, {}, { cause })
    }
  }

  /** Ends the browser and removes what it had. False when the process would not go; its row then stays for the next start. */
  async end(session: Session): Promise<boolean> {
    const { ledger, log } = this.#options
    const closed = (await session.browser?.close(session.quiet ? 0 : closeGrace)) ?? true
    const profileDir = this.#profileDirs.get(session)
    if (profileDir !== undefined && closed) {
      try {
        await removeProfile(profileDir)
        ledger.remove(session.id)
      } catch (error) {
        log.warn({ session: session.id, error: String(error) }, 'a profile could not be removed; the next start tries again')
      }
    }
    this.#profileDirs.delete(session)
    session.browser = null
    return closed
  }

  async #launch(session: Session, executable: string): Promise<RunningBrowser> {
    const { ledger, clock, settings, profilesDir, log } = this.#options
    const profileDir = join(profilesDir, randomBytes(8).toString('hex'))
    this.#profileDirs.set(session, profileDir)
    ledger.add(session.id, profileDir, process.pid, clock.now())
    const note = async (pid: number): Promise<void> => ledger.started(session.id, pid, (await processFacts(pid))?.startedAt ?? null)
    return launchBrowser({
      executable,
      profileDir,
      headless: settings.current().browsers.headless,
      signal: session.life.signal,
      // Beside the browser's own start, which takes longer.
      onSpawned: (pid) => void note(pid).catch((error: unknown) => log.warn({ error: String(error) }, 'a browser could not be noted in the ledger')),
    })
  }
}

/**
 * The files of all sessions, by session: what their pages have downloaded, kept for a day after the session's end, and what people hand to
 * them.
 */
import { readdirSync, rmSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../clock.ts'
import { escape } from '../../isolation.ts'
import { downloadLimits, SessionDownloads, type DownloadLimits } from './session-downloads.ts'
import { Uploads } from './uploads.ts'

/** Ms for which downloads outlive their session. */
export const downloadsKept = 24 * 3_600_000
/** Ms between two looks at what is over. */
const sweepEvery = 15 * 60_000
const sessionName = /^session_[0-9A-Za-z_-]{1,80}$/

export interface SessionFilesOptions {
  folder: string
  clock: Clock
  limits?: DownloadLimits
}

export class SessionFiles {
  readonly #downloadsFolder: string
  readonly #uploadsFolder: string
  readonly #clock: Clock
  readonly #limits: DownloadLimits
  readonly #downloads = new Map<string, SessionDownloads>()
  #timer: NodeJS.Timeout | undefined

  constructor({ folder, clock, limits = downloadLimits }: SessionFilesOptions) {
    this.#downloadsFolder = join(folder, 'downloads')
    this.#uploadsFolder = join(folder, 'uploads')
    this.#clock = clock
    this.#limits = limits
  }

  /** Of a session that begins, or is there again under the same name. */
  of(session: string): { downloads: SessionDownloads; uploads: Uploads } {
    return { downloads: this.#downloadsOf(session), uploads: new Uploads(join(this.#uploadsFolder, session)) }
  }

  /** Also of a session that has ended; undefined when nothing of it is kept. */
  find(session: string): SessionDownloads | undefined {
    return this.#downloads.get(session)
  }

  /** What an earlier run has left: its downloads are kept from now on, as if their sessions had ended now. */
  start(): void {
    rmSync(this.#uploadsFolder, { recursive: true, force: true })
    for (const session of namesIn(this.#downloadsFolder)) {
      if (this.#downloads.has(session)) continue
      const kept = this.#downloadsOf(session)
      if (kept.endedAt === null) kept.ended()
    }
    this.#timer ??= setInterval(() => void this.sweep().catch(escape), sweepEvery).unref()
    void this.sweep().catch(escape)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Removes what its session's end is a day ago of, and what did not arrive whole when a server died. */
  async sweep(): Promise<void> {
    const over = this.#clock.now() - downloadsKept
    for (const [session, downloads] of [...this.#downloads]) {
      if (downloads.endedAt === null) continue
      if (downloads.endedAt > over && downloads.list().length > 0) {
        await downloads.tidy()
        continue
      }
      this.#downloads.delete(session)
      await downloads.discard()
    }
    // Nothing is known of these: a name that is none of ours.
    const strange = await readdir(this.#downloadsFolder).catch(() => [])
    for (const name of strange)
      if (!sessionName.test(name)) await rm(join(this.#downloadsFolder, name), { recursive: true, force: true }).catch(() => undefined)
  }

  #downloadsOf(session: string): SessionDownloads {
    const known = this.#downloads.get(session)
    if (known !== undefined) return known
    const made = new SessionDownloads({ folder: join(this.#downloadsFolder, session), clock: this.#clock, limits: this.#limits })
    this.#downloads.set(session, made)
    return made
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => sessionName.test(name))
  } catch {
    return []
  }
}

/** The recordings that go on: each has a browser of its own, and ends with it. */
import { randomBytes } from 'node:crypto'
import type { Page } from 'puppeteer-core'
import { iso, type Clock } from '../../clock.ts'
import { addressToTell } from '../../http/userinfo.ts'
import type { LoginRecording } from '../contract/login-recording.ts'
import type { SiteStep } from '../contract/site-steps.ts'
import { BrowserFault } from '../fault.ts'
import { wordsOf } from '../page/driver-words.ts'
import { drive } from '../page/drive.ts'
import { navigate } from '../page/navigation.ts'
import type { Session } from '../session/session.ts'
import { listenToPerson } from './recorder.ts'
import { successSign, wayOut } from './success-sign.ts'
import { withNote, withoutLast } from './steps-of.ts'

/** What is recorded is written to the profile by hand afterwards; more than a few at once is a mistake. */
const mostKept = 5

interface Kept {
  id: string
  address: string
  startedAt: number
  steps: SiteStep[]
  said: string | null
  state: LoginRecording['state']
  session: Session
  /** What signs out already when it begins. */
  wayOut: string | null
  stop(): void
}

export interface LoginRecordingParts {
  clock: Clock
  /** Resolves when the browser of the session can be driven. */
  whenOpen(session: Session): Promise<void>
  close(session: Session): void
  changed(): void
}

export class LoginRecordings {
  readonly #parts: LoginRecordingParts
  readonly #recordings = new Map<string, Kept>()

  constructor(parts: LoginRecordingParts) {
    this.#parts = parts
  }

  /** `session`: of its own for this, and nothing is opened in it yet. */
  start(address: string, session: Session): LoginRecording {
    const { clock, close } = this.#parts
    const kept: Kept = {
      id: `recording_${randomBytes(16).toString('base64url')}`,
      address,
      startedAt: clock.now(),
      steps: [],
      said: null,
      state: 'starting',
      session,
      wayOut: null,
      stop: () => undefined,
    }
    this.#recordings.set(kept.id, kept)
    session.onEnd((reason) => this.#ended(kept, reason))
    this.#begin(kept).catch((error: unknown) => {
      if (kept.state === 'ended') return
      kept.said = wordsOf(error)
      this.#parts.changed()
    })
    for (const old of [...this.#recordings.values()].slice(0, -mostKept)) {
      this.#recordings.delete(old.id)
      if (old.session.live) close(old.session)
    }
    return this.#view(kept)
  }

  /** Throws `recording-not-found`. */
  get(id: string): LoginRecording {
    return this.#view(this.#find(id))
  }

  /** Throws `recording-not-found`. */
  dropLast(id: string): LoginRecording {
    const kept = this.#find(id)
    kept.steps = withoutLast(kept.steps)
    this.#parts.changed()
    return this.#view(kept)
  }

  /** What was recorded; it is forgotten, and its browser closes. Throws `recording-not-found`. */
  async end(id: string): Promise<LoginRecording> {
    const kept = this.#find(id)
    const view = this.#view(kept)
    this.#recordings.delete(id)
    kept.stop()
    const success = await this.#success(kept)
    if (kept.session.live) this.#parts.close(kept.session)
    return { ...view, success }
  }

  stop(): void {
    for (const kept of this.#recordings.values()) kept.stop()
    this.#recordings.clear()
  }

  async #begin(kept: Kept): Promise<void> {
    const { session } = kept
    await this.#parts.whenOpen(session)
    await session.pages.front()
    const stopListening = await listenToPerson(session, (note) => {
      kept.steps = withNote(kept.steps, note)
      session.touch()
      this.#parts.changed()
    })
    const endMoves = session.pages.onChange(() => this.#parts.changed())
    kept.stop = () => {
      stopListening()
      endMoves()
    }
    if (!session.live) return kept.stop()
    kept.state = 'recording'
    this.#parts.changed()
    await navigate(session, { address: kept.address })
    kept.wayOut = await drive(session, () => wayOut(firstOf(session))).catch(() => null)
  }

  /** Nothing is suggested where the page does not answer. */
  async #success({ session, address, wayOut: before }: Kept): Promise<LoginRecording['success']> {
    if (!session.live) return null
    try {
      const now = await drive(session, async () => ({ address: firstOf(session).url(), wayOut: await wayOut(firstOf(session)) }))
      return successSign({ address, wayOut: before }, now)
    } catch {
      return null
    }
  }

  #ended(kept: Kept, reason: string): void {
    kept.stop()
    kept.state = 'ended'
    kept.said = reason
    this.#parts.changed()
  }

  #find(id: string): Kept {
    const kept = this.#recordings.get(id)
    if (kept === undefined) throw new BrowserFault('login-recording-not-found', 'There is no such recording; it may have ended')
    return kept
  }

  #view({ id, address, startedAt, state, said, session, steps }: Kept): LoginRecording {
    const url = session.pages.list()[0]?.url
    return {
      id,
      address,
      startedAt: iso(startedAt),
      state,
      said,
      session: session.live ? session.id : null,
      steps,
      arrivedAt: url !== undefined && /^https?:/.test(url) ? addressToTell(url) : null,
      success: null,
    }
  }
}

/** Where the login is to arrive, whatever windows it opens on the way. */
const firstOf = (session: Session): Page => session.pages.list()[0]?.page ?? session.page()

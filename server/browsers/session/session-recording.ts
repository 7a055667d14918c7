/** Whether a session is being recorded, since when, and that it is told. */
import type { RecordingEnd } from '../contract/endings.ts'
import type { SessionCore } from './session-core.ts'

export interface RecordingNow {
  id: string
  startedAt: string
}

export class SessionRecording {
  readonly #core: SessionCore
  #current: RecordingNow | null = null

  constructor(core: SessionCore) {
    this.#core = core
  }

  get current(): RecordingNow | null {
    return this.#current
  }

  begun(recording: RecordingNow, actor: string): void {
    this.#current = recording
    this.#core.record('recording-begun', {}, actor)
    this.#core.changed()
  }

  /** It never came to be. */
  over(): void {
    this.#current = null
    this.#core.changed()
  }

  ended(facts: { seconds: number; why: RecordingEnd }, actor: string): void {
    this.#current = null
    this.#core.record('recording-ended', facts, actor)
    this.#core.changed()
  }
}

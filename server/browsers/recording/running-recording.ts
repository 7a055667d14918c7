/** A recording that runs: the pictures of a session's front page into a file, until it is stopped or there is a reason to. */
import { systemClock, type Clock } from '../../clock.ts'
import type { RecordingEnd } from '../contract/endings.ts'
import { castFront, type FrontCast } from '../view/front-cast.ts'
import type { ViewableSession } from '../view/viewable-session.ts'
import { framesPerSecond } from './avi.ts'
import type { RecordingFile } from './recording-file.ts'

/** Of a picture; text of a page stays readable. */
const mostWidth = 1_280
const mostHeight = 1_280
/** Bytes on their way to the disk beyond which pictures wait; the latest then wins. */
const fullQueue = 4_000_000
/** Beyond this AVI's own numbers end. */
const mostBytes = 1_900_000_000

export interface RunningOptions {
  session: Pick<ViewableSession, 'pages' | 'onEnd'>
  file: RecordingFile
  /** Ms. */
  longest: number
  /** Makes room for so many bytes more; false when there is none. */
  makeRoom(bytes: number): boolean
  /** A reason to end it; nothing more is recorded from then on. */
  onDue(why: RecordingEnd): void
  clock?: Clock
}

export class RunningRecording {
  readonly file: RecordingFile
  readonly #options: RunningOptions
  readonly #clock: Clock
  readonly #beganAt: number
  readonly #cast: FrontCast
  readonly #endSubscription: () => void
  readonly #timer: NodeJS.Timeout
  #over = false

  constructor(options: RunningOptions) {
    const { session, file, longest, clock = systemClock } = options
    this.file = file
    this.#options = options
    this.#clock = clock
    this.#beganAt = clock.monotonic()
    this.#cast = castFront(session, {
      hasRoom: () => !this.#over && file.unwritten < fullQueue,
      draw: ({ jpeg }) => this.#take(jpeg),
    })
    this.#endSubscription = session.onEnd(() => this.#due('session-ended'))
    this.#timer = setTimeout(() => this.#due('too-long'), longest)
    this.#cast.show({ maxWidth: mostWidth, maxHeight: mostHeight, everyNth: 60 / framesPerSecond })
  }

  /** In ms. */
  get length(): number {
    return Math.round(this.#clock.monotonic() - this.#beganAt)
  }

  /** Resolves when all that was recorded is in the file. */
  async stop(): Promise<void> {
    this.#end()
    await this.file.close()
  }

  #take(jpeg: Buffer): void {
    if (this.#over) return
    const { file } = this
    if (file.failed !== null) return this.#due('disk-refused')
    if (file.bytes + file.unwritten + jpeg.length > mostBytes || !this.#options.makeRoom(jpeg.length)) return this.#due('no-room')
    void file.append(this.length, jpeg).then(() => {
      if (this.#over) return
      if (file.failed !== null) return this.#due('disk-refused')
      this.#cast.resume()
    })
  }

  #due(why: RecordingEnd): void {
    if (this.#over) return
    this.#end()
    this.#options.onDue(why)
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#endSubscription()
    this.#cast.close()
  }
}

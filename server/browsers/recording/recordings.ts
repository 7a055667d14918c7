/** All recordings: those that run, and those that are kept until the oldest makes room for a newer one. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { iso, type Clock } from '../../clock.ts'
import { escape, within, type Scope } from '../../isolation.ts'
import { inOrder } from '../../order.ts'
import type { RecordingEnd } from '../contract/endings.ts'
import type { RecordingView } from '../contract/recording.ts'
import { BrowserFault } from '../fault.ts'
import type { Session } from '../session/session.ts'
import { aviOf, type Avi } from './avi.ts'
import { picturesOf, readAll, writeFacts, type KeptRecording } from './kept-recording.ts'
import { readIndex, readPart, readRecords, RecordingFile, type IndexedFrame } from './recording-file.ts'
import { RunningRecording } from './running-recording.ts'

/** What of a session is needed to record it. */
export type RecordedSession = Pick<Session, 'id' | 'credentials' | 'profile' | 'makers' | 'recording' | 'live' | 'pages' | 'onEnd'>

export interface RecordingsOptions {
  folder: string
  clock: Clock
  /** Bytes that all of them may take. */
  mostBytes(): number
  /** Ms of one. */
  longest(): number
  changed(): void
}

/** Bytes of an answer with pictures. */
const answerBytes = 8_000_000

interface Running {
  session: RecordedSession
  recording: RunningRecording
  /** One end, however many want it. */
  ending: Promise<void> | null
}

export class Recordings {
  readonly #options: RecordingsOptions
  /** The oldest first. */
  readonly #kept = new Map<string, KeptRecording>()
  readonly #running = new Map<string, Running>()

  constructor(options: RecordingsOptions) {
    this.#options = options
  }

  /** Finds what earlier runs have left: what was being recorded when one of them was killed ends where its file does. */
  async start(): Promise<void> {
    const { folder } = this.#options
    const found = readAll(folder).filter(({ id }) => !this.#kept.has(id))
    for (const { id, facts } of found) if (facts === null) rmSync(join(folder, id), { recursive: true, force: true })
    const kept = found.flatMap(({ facts }) => (facts === null ? [] : [facts])).sort((a, b) => inOrder(a.startedAt, b.startedAt))
    for (const facts of kept) this.#kept.set(facts.id, facts.endedAt === null ? await this.#cutOff(facts) : facts)
    this.#makeRoom(0)
  }

  /** Ends those that run. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running].map(([id]) => this.#end(id, 'server-ended')))
  }

  /** The latest first. */
  list(): KeptRecording[] {
    return [...this.#kept.keys()].reverse().map((id) => this.get(id))
  }

  /** What all of them take. */
  get bytes(): number {
    return [...this.#kept.values()].reduce((sum, { id, bytes }) => sum + (this.#running.get(id)?.recording.file.bytes ?? bytes), 0)
  }

  /** Throws `recording-not-found`. */
  get(id: string): KeptRecording {
    const found = this.#kept.get(id)
    if (found === undefined) throw new BrowserFault('recording-not-found', 'No such recording')
    const running = this.#running.get(id)
    // Whoever shows the credentials of a session meanwhile shares it, and what is recorded of it.
    return running === undefined ? found : { ...found, makers: [...running.session.makers] }
  }

  view({ makers: _, ...facts }: KeptRecording): RecordingView {
    const file = this.#running.get(facts.id)?.recording.file
    return file === undefined ? facts : { ...facts, frames: file.index.length, bytes: file.bytes }
  }

  /** Throws `already-recording`, and what the disk says. */
  async begin(session: RecordedSession, actor: string): Promise<KeptRecording> {
    if (this.#of(session) !== undefined) throw new BrowserFault('already-recording', 'This session is being recorded already')
    const { folder, clock, longest } = this.#options
    const id = `recording_${randomUUID()}`
    const facts: KeptRecording = {
      ...{ id, session: session.id, username: session.credentials.username, profile: session.profile.name, makers: [...session.makers] },
      ...{ startedAt: iso(clock.now()), endedAt: null, why: null, frames: 0, bytes: 0 },
    }
    // Marked before anything is awaited: a second request finds it.
    session.recording.begun({ id, startedAt: facts.startedAt }, actor)
    try {
      await mkdir(join(folder, id), { recursive: true, mode: 0o700 })
      writeFacts(folder, facts)
      const file = await RecordingFile.create(picturesOf(folder, id))
      this.#kept.set(id, facts)
      const scope: Scope = { room: 'browsers', kind: 'recording', id, escaped: () => this.#endQuietly(id, 'disk-refused') }
      const recording = within(
        scope,
        () =>
          new RunningRecording({
            ...{ session, file, clock, longest: longest() },
            makeRoom: (bytes) => this.#makeRoom(bytes, id),
            onDue: (why) => this.#endQuietly(id, why),
          }),
      )
      this.#running.set(id, { session, recording, ending: null })
      // It may have ended while its folder was made.
      if (!session.live) this.#endQuietly(id, 'session-ended')
      return facts
    } catch (error) {
      session.recording.over()
      throw error
    }
  }

  /** Resolves when all of it is on the disk. Throws `recording-not-found` when the session is not being recorded. */
  async end(session: RecordedSession, actor: string): Promise<KeptRecording> {
    const id = this.#of(session)
    if (id === undefined) throw new BrowserFault('recording-not-found', 'This session is not being recorded')
    await this.#end(id, 'stopped', actor)
    return this.get(id)
  }

  async remove(id: string): Promise<void> {
    this.get(id)
    await this.#end(id, 'stopped')
    this.#forget(id)
    await rm(join(this.#options.folder, id), { recursive: true, force: true })
    this.#options.changed()
  }

  async times(id: string): Promise<{ times: number[]; lengthMs: number }> {
    const index = await this.#index(id)
    return { times: index.map(({ at }) => at), lengthMs: this.#length(id, index) }
  }

  /** As many of those asked for as fit into one answer, at least one. */
  async records(id: string, from: number, count: number): Promise<Buffer> {
    let bytes = 0
    const frames = (await this.#index(id))
      .slice(from, from + count)
      .filter((frame, at) => (bytes += frame.bytes) <= answerBytes || at === 0)
    return readRecords(picturesOf(this.#options.folder, id), frames)
  }

  /** Throws `recording-empty`. */
  async video(id: string): Promise<Avi> {
    const index = await this.#index(id)
    if (index.length === 0) throw new BrowserFault('recording-empty', 'It has no picture yet')
    const path = picturesOf(this.#options.folder, id)
    return aviOf(index, this.#length(id, index), (offset, bytes) => readPart(path, offset, bytes))
  }

  #of(session: RecordedSession): string | undefined {
    return session.recording.current?.id
  }

  async #index(id: string): Promise<readonly IndexedFrame[]> {
    this.get(id)
    const running = this.#running.get(id)
    return running === undefined ? readIndex(picturesOf(this.#options.folder, id)) : [...running.recording.file.index]
  }

  #length(id: string, index: readonly IndexedFrame[]): number {
    const { startedAt, endedAt } = this.get(id)
    const known = this.#running.get(id)?.recording.length ?? (endedAt === null ? 0 : Date.parse(endedAt) - Date.parse(startedAt))
    return Math.max(known, index.at(-1)?.at ?? 0)
  }

  #endQuietly(id: string, why: RecordingEnd): void {
    this.#end(id, why).catch(escape)
  }

  #end(id: string, why: RecordingEnd, actor = 'system'): Promise<void> {
    const running = this.#running.get(id)
    if (running === undefined) return Promise.resolve()
    running.ending ??= this.#finish(id, running, why, actor)
    return running.ending
  }

  async #finish(id: string, { session, recording }: Running, why: RecordingEnd, actor: string): Promise<void> {
    const { length, file } = recording
    await recording.stop()
    this.#running.delete(id)
    const facts = this.#kept.get(id)
    if (facts !== undefined) {
      const endedAt = iso(Date.parse(facts.startedAt) + length)
      const ended = { ...facts, makers: [...session.makers], endedAt, why, frames: file.index.length, bytes: file.bytes }
      this.#kept.set(id, ended)
      writeFacts(this.#options.folder, ended)
    }
    session.recording.ended({ seconds: Math.round(length / 1_000), why }, actor)
    this.#options.changed()
  }

  /** Its end is that of its last picture. */
  async #cutOff(facts: KeptRecording): Promise<KeptRecording> {
    const { folder } = this.#options
    const index = await readIndex(picturesOf(folder, facts.id)).catch(() => [])
    const last = index.at(-1)
    const endedAt = iso(Date.parse(facts.startedAt) + (last?.at ?? 0))
    const ended: KeptRecording = {
      ...facts,
      endedAt,
      why: 'server-ended',
      frames: index.length,
      bytes: last === undefined ? 0 : last.offset + last.bytes,
    }
    writeFacts(folder, ended)
    return ended
  }

  /** The oldest go first; those that run never do. False when there is no room even so. */
  #makeRoom(bytes: number, forId?: string): boolean {
    const most = this.#options.mostBytes()
    for (const { id } of this.#kept.values()) {
      if (this.bytes + bytes <= most) return true
      if (id === forId || this.#running.has(id)) continue
      this.#forget(id)
      rm(join(this.#options.folder, id), { recursive: true, force: true }).catch(escape)
      this.#options.changed()
    }
    return this.bytes + bytes <= most
  }

  #forget(id: string): void {
    this.#kept.delete(id)
  }
}

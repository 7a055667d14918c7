/**
 * The brokers' disk: an append-only journal in segments. Records gather in memory, are written as one batch and synced once, off the
 * main thread, however many messages the batch holds. A segment is removed when nothing in it is needed any more.
 *
 * A torn batch at the end of a segment was never acknowledged and is left out. What is damaged costs what it hits, and is said.
 */
import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { reasonOf } from '../../../isolation.ts'
import { diskRefusal } from '../../../store/disk.ts'
import type { Damage } from '../types.ts'
import { readSegment, magic } from './segment.ts'
import { RecordWriter } from './records.ts'
import { Replay } from './replay.ts'
import { Turns } from './turns.ts'

export interface JournalOptions {
  folder: string
  /** Bytes after which a new segment begins. */
  segmentBytes?: number
  /**
   * Writes what a new segment must begin with; called when one was opened. `anew`: everything that is still needed has to be written
   * again, because older segments are not to be trusted, or are to go.
   */
  onSegment(anew: boolean): void
  /** Reading goes in turns with what else the program does. */
  turns?: Turns
}

const batchHead = 8
/** Never fewer: together they hold the ids by which repetitions are told after a restart. */
const keptSegments = 2

export class Journal {
  readonly records = new RecordWriter()
  /** The segment that what is appended now will stand in. */
  segment = 0
  totalBytes = 0
  /** Torn ends, as a kill leaves them: never acknowledged, so nothing is missing. */
  readonly leftOut: { segment: number; bytes: number }[] = []
  /** What may be missing. Segments that could not be read at all stay where they are, for a start that can. */
  readonly damage: Damage[] = []
  readonly #folder: string
  readonly #segmentBytes: number
  readonly #turns: Turns
  readonly #onSegment: (anew: boolean) => void
  #file: FileHandle | null = null
  #written = 0
  readonly #sizes = new Map<number, number>()
  #doomed: number[] = []
  /** Doomed since the last write: what is to replace them may still gather in memory. */
  #doomedNext: number[] = []
  #anew = false

  constructor({ folder, segmentBytes = 16_777_216, onSegment, turns = new Turns() }: JournalOptions) {
    this.#folder = folder
    this.#segmentBytes = segmentBytes
    this.#onSegment = onSegment
    this.#turns = turns
  }

  /** Reads everything there is. What comes after goes into a new segment, since the last one may end in a torn batch. */
  async recover(): Promise<Replay> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const replay = new Replay()
    for (const segment of await this.#listSegments()) {
      this.segment = segment
      await this.#recoverSegment(segment, replay)
    }
    replay.finish()
    await this.#turns.each(replay.messages.values(), (message) => void (message.body = Buffer.from(message.body)))
    // Numbers that what could not be read may bear must not be given again.
    if (this.damage.length > 0) replay.skipAhead()
    this.segment += 1
    return replay
  }

  async #recoverSegment(segment: number, replay: Replay): Promise<void> {
    const file = this.#path(segment)
    let bytes: Buffer
    try {
      bytes = await readFile(file)
    } catch (error) {
      this.damage.push({
        file,
        what: `it cannot be read: ${diskRefusal(error, { ofFile: true })?.kind === 'not-allowed' ? 'this user is not allowed to' : reasonOf(error)}`,
      })
      return
    }
    const { batches, damagedBytes, tornBytes, isJournal } = readSegment(bytes)
    if (!isJournal) {
      this.damage.push({ file, what: 'it is no segment of a journal' })
      return
    }
    this.#sizes.set(segment, bytes.length)
    this.totalBytes += bytes.length
    let lost = damagedBytes
    await this.#turns.each(batches, (batch) => {
      try {
        replay.apply(batch, segment)
      } catch {
        // Its checksum is right, so this is of a later version, or was written wrong: what it holds from there on cannot be had.
        lost += batch.length
      }
    })
    if (lost > 0) this.damage.push({ file, what: `${lost} bytes in it are damaged` })
    if (tornBytes > 0) this.leftOut.push({ segment, bytes: tornBytes })
  }

  /** Segments from the oldest, without the one being written. */
  olderSegments(): number[] {
    return [...this.#sizes.keys()].filter(
      (segment) => segment !== this.segment && ![...this.#doomed, ...this.#doomedNext].includes(segment),
    )
  }

  /** True when older segments beyond those always kept exist. */
  hasSurplus(): boolean {
    return this.olderSegments().length > keptSegments
  }

  /** Removes the segment once all that was appended until now is synced; what it held and is still needed must be among it. */
  doom(segment: number): void {
    this.#doomedNext.push(segment)
  }

  get needsSync(): boolean {
    return this.#doomed.length > 0
  }

  /** Makes the next write begin a segment that holds all that is needed, so that the older ones can go. */
  startAnew(): void {
    this.#anew = true
  }

  /** Writes what gathered; it then survives the process, not yet a power cut. Throws what the disk says, and begins a new segment then. */
  async write(): Promise<void> {
    if (this.#file === null || this.#anew || this.#written >= this.#segmentBytes) await this.#rollOrGiveUp()
    this.#doomed.push(...this.#doomedNext.splice(0))
    const records = this.records.take()
    if (records.length === 0 || this.#file === null) return
    const head = Buffer.allocUnsafe(batchHead)
    head.writeUInt32LE(records.length, 0)
    head.writeUInt32LE(crc32(records), 4)
    try {
      const { bytesWritten } = await this.#file.writev([head, records])
      if (bytesWritten !== batchHead + records.length) throw new Error('The disk took only a part of what was written')
    } catch (error) {
      await this.#giveUpSegment()
      throw error
    }
    this.#count(batchHead + records.length)
  }

  /** Puts what was written on the disk itself. */
  async sync(): Promise<void> {
    try {
      await this.#file?.datasync()
    } catch (error) {
      // After a failed sync nobody knows what the file holds, so nothing more is added to it.
      await this.#giveUpSegment()
      throw error
    }
    await this.#removeDoomed()
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = null
    // A disk that refuses may refuse this too; what was acknowledged was synced before.
    await file?.close().catch(() => undefined)
  }

  /** What gathered for a segment that cannot be begun is let go: the next one that can holds all that is needed then. */
  async #rollOrGiveUp(): Promise<void> {
    try {
      await this.#roll()
    } catch (error) {
      this.records.take()
      await this.#giveUpSegment()
      throw error
    }
  }

  async #roll(): Promise<void> {
    if (this.#file !== null) {
      await this.#file.datasync()
      await this.#leaveSegment()
    }
    this.#written = 0
    this.#file = await open(this.#path(this.segment), 'ax', 0o600)
    const { bytesWritten } = await this.#file.write(magic)
    if (bytesWritten !== magic.length) throw new Error('The disk took only a part of what was written')
    await syncFolder(this.#folder)
    this.#sizes.set(this.segment, 0)
    this.#count(magic.length)
    const anew = this.#anew
    this.#anew = false
    this.#onSegment(anew)
  }

  /** After a failure: what the last batches were to keep may be nowhere, so the older segments stay until all is written again. */
  async #giveUpSegment(): Promise<void> {
    this.#doomed = []
    this.#doomedNext = []
    this.#anew = true
    const { segment } = this
    const file = this.#file
    const written = this.#written
    if (file !== null) await this.#cutBack(file, segment, written)
    await this.#leaveSegment()
  }

  /** A full disk must not be filled further by what it refused: every attempt would leave another file. */
  async #cutBack(file: FileHandle, segment: number, written: number): Promise<void> {
    try {
      if (written > magic.length) return await file.truncate(written)
      await rm(this.#path(segment), { force: true })
      this.totalBytes -= this.#sizes.get(segment) ?? 0
      this.#sizes.delete(segment)
    } catch {
      // The file stays, its end torn, until it is not needed any more.
    }
  }

  async #leaveSegment(): Promise<void> {
    const left = this.#file
    this.#file = null
    this.segment += 1
    await left?.close().catch(() => undefined)
  }

  async #removeDoomed(): Promise<void> {
    for (const segment of this.#doomed.splice(0)) {
      await rm(this.#path(segment), { force: true })
      this.totalBytes -= this.#sizes.get(segment) ?? 0
      this.#sizes.delete(segment)
    }
  }

  #count(bytes: number): void {
    this.#written += bytes
    this.totalBytes += bytes
    this.#sizes.set(this.segment, (this.#sizes.get(this.segment) ?? 0) + bytes)
  }

  async #listSegments(): Promise<number[]> {
    const names = await readdir(this.#folder)
    return names
      .flatMap((name) => /^(\d{10})\.journal$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b)
  }

  #path(segment: number): string {
    return join(this.#folder, `${String(segment).padStart(10, '0')}.journal`)
  }
}

/** A new file is only safe once its folder is. Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

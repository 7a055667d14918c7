/**
 * The brokers' disk: an append-only journal in segments. Records gather in memory, are written as one batch and synced once, off the
 * main thread, however many messages the batch holds. A segment is removed when nothing in it is needed any more.
 *
 * A batch is `length u32, crc32 u32, records`. A torn batch at the end of a segment was never acknowledged and is left out.
 */
import { mkdir, open, readdir, readFile, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { RecordWriter } from './records.ts'
import { Replay } from './replay.ts'

export interface JournalOptions {
  folder: string
  /** Bytes after which a new segment begins. */
  segmentBytes?: number
  /**
   * Writes what a new segment must begin with; called when one was opened. `anew`: everything that is still needed has to be written
   * again, because older segments are not to be trusted, or are to go.
   */
  onSegment(anew: boolean): void
}

const magic = Buffer.from('WHBROKR1')
const batchHead = 8
/** Never fewer: together they hold the ids by which repetitions are told after a restart. */
const keptSegments = 2

export class Journal {
  readonly records = new RecordWriter()
  /** The segment that what is appended now will stand in. */
  segment = 0
  totalBytes = 0
  /** What `recover` could not read, by segment: the torn end that a kill leaves, or damage. */
  readonly leftOut: { segment: number; bytes: number }[] = []
  private readonly folder: string
  private readonly segmentBytes: number
  private readonly onSegment: (anew: boolean) => void
  private file: FileHandle | null = null
  private written = 0
  private readonly sizes = new Map<number, number>()
  private doomed: number[] = []
  private anew = false

  constructor({ folder, segmentBytes = 16_777_216, onSegment }: JournalOptions) {
    this.folder = folder
    this.segmentBytes = segmentBytes
    this.onSegment = onSegment
  }

  /** Reads everything there is. What comes after goes into a new segment, since the last one may end in a torn batch. */
  async recover(): Promise<Replay> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    const replay = new Replay()
    for (const segment of await this.listSegments()) {
      const bytes = await readFile(this.path(segment))
      this.sizes.set(segment, bytes.length)
      this.totalBytes += bytes.length
      this.segment = segment
      let whole = Math.min(magic.length, bytes.length)
      for (const batch of batchesOf(bytes)) {
        replay.apply(batch, segment)
        whole += batchHead + batch.length
      }
      if (whole < bytes.length) this.leftOut.push({ segment, bytes: bytes.length - whole })
    }
    for (const message of replay.messages.values()) message.body = Buffer.from(message.body)
    this.segment += 1
    return replay
  }

  /** Segments from the oldest, without the one being written. */
  olderSegments(): number[] {
    return [...this.sizes.keys()].filter((segment) => segment !== this.segment && !this.doomed.includes(segment))
  }

  /** True when older segments beyond those always kept exist. */
  hasSurplus(): boolean {
    return this.olderSegments().length > keptSegments
  }

  /** Removes the segment after the next sync; what it held and is still needed must be appended again by then. */
  doom(segment: number): void {
    this.doomed.push(segment)
  }

  get needsSync(): boolean {
    return this.doomed.length > 0
  }

  /** Makes the next write begin a segment that holds all that is needed, so that the older ones can go. */
  startAnew(): void {
    this.anew = true
  }

  /** Writes what gathered; it then survives the process, not yet a power cut. Throws what the disk says, and begins a new segment then. */
  async write(): Promise<void> {
    if (this.file === null || this.anew || this.written >= this.segmentBytes) await this.rollOrGiveUp()
    const records = this.records.take()
    if (records.length === 0 || this.file === null) return
    const head = Buffer.allocUnsafe(batchHead)
    head.writeUInt32LE(records.length, 0)
    head.writeUInt32LE(crc32(records), 4)
    try {
      const { bytesWritten } = await this.file.writev([head, records])
      if (bytesWritten !== batchHead + records.length) throw new Error('The disk took only a part of what was written')
    } catch (error) {
      await this.giveUpSegment()
      throw error
    }
    this.count(batchHead + records.length)
  }

  /** Puts what was written on the disk itself. */
  async sync(): Promise<void> {
    try {
      await this.file?.datasync()
    } catch (error) {
      // After a failed sync nobody knows what the file holds, so nothing more is added to it.
      await this.giveUpSegment()
      throw error
    }
    await this.removeDoomed()
  }

  async close(): Promise<void> {
    await this.file?.close()
    this.file = null
  }

  /** What gathered for a segment that cannot be begun is let go: the next one that can holds all that is needed then. */
  private async rollOrGiveUp(): Promise<void> {
    try {
      await this.roll()
    } catch (error) {
      this.records.take()
      await this.giveUpSegment()
      throw error
    }
  }

  private async roll(): Promise<void> {
    if (this.file !== null) {
      await this.file.datasync()
      await this.leaveSegment()
    }
    this.written = 0
    this.file = await open(this.path(this.segment), 'ax', 0o600)
    const { bytesWritten } = await this.file.write(magic)
    if (bytesWritten !== magic.length) throw new Error('The disk took only a part of what was written')
    await syncFolder(this.folder)
    this.sizes.set(this.segment, 0)
    this.count(magic.length)
    const { anew } = this
    this.anew = false
    this.onSegment(anew)
  }

  /** After a failure: what the last batches were to keep may be nowhere, so the older segments stay until all is written again. */
  private async giveUpSegment(): Promise<void> {
    this.doomed = []
    this.anew = true
    const { file, segment, written } = this
    if (file !== null) await this.cutBack(file, segment, written)
    await this.leaveSegment()
  }

  /** A full disk must not be filled further by what it refused: every attempt would leave another file. */
  private async cutBack(file: FileHandle, segment: number, written: number): Promise<void> {
    try {
      if (written > magic.length) return await file.truncate(written)
      await rm(this.path(segment), { force: true })
      this.totalBytes -= this.sizes.get(segment) ?? 0
      this.sizes.delete(segment)
    } catch {
      // The file stays, its end torn, until it is not needed any more.
    }
  }

  private async leaveSegment(): Promise<void> {
    const left = this.file
    this.file = null
    this.segment += 1
    await left?.close().catch(() => undefined)
  }

  private async removeDoomed(): Promise<void> {
    for (const segment of this.doomed.splice(0)) {
      await rm(this.path(segment), { force: true })
      this.totalBytes -= this.sizes.get(segment) ?? 0
      this.sizes.delete(segment)
    }
  }

  private count(bytes: number): void {
    this.written += bytes
    this.totalBytes += bytes
    this.sizes.set(this.segment, (this.sizes.get(this.segment) ?? 0) + bytes)
  }

  private async listSegments(): Promise<number[]> {
    const names = await readdir(this.folder)
    return names.flatMap((name) => /^(\d{10})\.journal$/.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b)
  }

  private path(segment: number): string {
    return join(this.folder, `${String(segment).padStart(10, '0')}.journal`)
  }
}

/** The whole batches of a segment, up to the first that is torn. */
function* batchesOf(bytes: Buffer): Generator<Buffer> {
  if (!bytes.subarray(0, magic.length).equals(magic)) return
  let at = magic.length
  while (at + batchHead <= bytes.length) {
    const length = bytes.readUInt32LE(at)
    const batch = bytes.subarray(at + batchHead, at + batchHead + length)
    if (batch.length !== length || crc32(batch) !== bytes.readUInt32LE(at + 4)) return
    yield batch
    at += batchHead + length
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

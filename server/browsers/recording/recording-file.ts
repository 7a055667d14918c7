/**
 * The pictures of one recording in one file that only grows: each with a header in front of it, so that whatever was written before a crash
 * can be played.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { recordHeaderBytes } from '../contract/recording-format.ts'

/** A JPEG of a page is never larger; a header that says so is none. */
const mostFrameBytes = 32_000_000

export interface IndexedFrame {
  /** In ms since the start. */
  at: number
  /** Of the JPEG in the file. */
  offset: number
  bytes: number
}

export class RecordingFile {
  readonly #handle: FileHandle
  readonly #index: IndexedFrame[] = []
  #end = 0
  #queue: Promise<void> = Promise.resolve()
  #unwritten = 0
  #failed: unknown = null

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create(path: string): Promise<RecordingFile> {
    return new RecordingFile(await open(path, 'wx', 0o600))
  }

  /** What is in the file by now. */
  get index(): readonly IndexedFrame[] {
    return this.#index
  }

  get bytes(): number {
    return this.#end
  }

  /** Bytes that the disk has not taken yet. */
  get unwritten(): number {
    return this.#unwritten
  }

  /** Why the disk refused; nothing is written any more. */
  get failed(): unknown {
    return this.#failed
  }

  /** In the order of the calls; resolves when it is in the file, or will never be. */
  append(at: number, jpeg: Buffer): Promise<void> {
    const header = Buffer.alloc(recordHeaderBytes)
    header.writeUInt32BE(at, 0)
    header.writeUInt32BE(jpeg.length, 4)
    const record = Buffer.concat([header, jpeg])
    this.#unwritten += record.length
    this.#queue = this.#queue.then(async () => {
      try {
        if (this.#failed !== null) return
        await this.#handle.write(record, 0, record.length, this.#end)
        this.#index.push({ at, offset: this.#end + recordHeaderBytes, bytes: jpeg.length })
        this.#end += record.length
      } catch (error) {
        this.#failed = error
      } finally {
        this.#unwritten -= record.length
      }
    })
    return this.#queue
  }

  async close(): Promise<void> {
    await this.#queue
    await this.#handle.close()
  }
}

/** Finds the pictures of a file that was written before; one that was cut off at the end is left out. */
export async function readIndex(path: string): Promise<IndexedFrame[]> {
  const handle = await open(path, 'r')
  try {
    const { size } = await handle.stat()
    const header = Buffer.alloc(recordHeaderBytes)
    const index: IndexedFrame[] = []
    for (let at = 0; at + recordHeaderBytes <= size;) {
      await handle.read(header, 0, recordHeaderBytes, at)
      const frame = { at: header.readUInt32BE(0), offset: at + recordHeaderBytes, bytes: header.readUInt32BE(4) }
      at = frame.offset + frame.bytes
      if (frame.bytes === 0 || frame.bytes > mostFrameBytes || at > size) break
      index.push(frame)
    }
    return index
  } finally {
    await handle.close()
  }
}

/** The records of these frames, which follow one another in the file. */
export async function readRecords(path: string, frames: readonly IndexedFrame[]): Promise<Buffer> {
  const [first] = frames
  const last = frames.at(-1)
  if (first === undefined || last === undefined) return Buffer.alloc(0)
  const start = first.offset - recordHeaderBytes
  return readPart(path, start, last.offset + last.bytes - start)
}

export async function readPart(path: string, offset: number, bytes: number): Promise<Buffer> {
  const handle = await open(path, 'r')
  try {
    const part = Buffer.alloc(bytes)
    await handle.read(part, 0, bytes, offset)
    return part
  } finally {
    await handle.close()
  }
}

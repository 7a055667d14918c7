/**
 * Files of bots on the disk. Each is sealed in pieces under a key of its own, which whoever asked for the file keeps: a large one streams
 * in and out, any part of it can be read alone, and without its key it says nothing.
 *
 * What holds:
 * - A file has its name once it is whole and on the disk; what a crash leaves of one is removed by the next `sweep`.
 * - A piece that was changed, moved or cut off is not read: reading ends with an error.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createSealer } from '../../secrets/seal.ts'
import { syncFolder } from '../../store/files.ts'

export interface SealedFile {
  id: string
  /** Base64. */
  key: string
  /** Bytes of what is inside. */
  size: number
}

/** Places of the first byte and of the one after the last. */
export interface Range {
  start: number
  end: number
}

export const pieceBytes = 65_536
/** Version, nonce and tag of each piece. */
const sealBytes = 29
const unfinished = '.part'

export type SealedFiles = ReturnType<typeof createSealedFiles>

export function createSealedFiles(folder: string) {
  const arriving = new Set<string>()
  const pathOf = (id: string): string => join(folder, id)
  const placeOf = (id: string, index: number): string => `bots:file:${id}:${index}`

  async function* pieces({ id, key, size }: SealedFile, { start, end }: Range): AsyncGenerator<Buffer> {
    const sealer = createSealer(Buffer.from(key, 'base64'))
    const file = await open(pathOf(id), 'r')
    try {
      for (let index = Math.floor(start / pieceBytes); index * pieceBytes < end; index += 1) {
        const from = index * pieceBytes
        const sealed = await readAt(file, index * (pieceBytes + sealBytes), Math.min(pieceBytes, size - from) + sealBytes)
        yield sealer.open(sealed, placeOf(id, index)).subarray(Math.max(0, start - from), end - from)
      }
    } finally {
      await file.close()
    }
  }

  return {
    /**
     * Resolves when it is on the disk. `note` is called with each part before it is written, and ends it by throwing; whatever else ends
     * it, nothing stays.
     */
    async write(id: string, content: AsyncIterable<Uint8Array>, note: (part: Uint8Array) => void): Promise<SealedFile> {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const key = randomBytes(32)
      const sealer = createSealer(key)
      const path = pathOf(id) + unfinished
      arriving.add(id)
      try {
        const file = await open(path, 'wx', 0o600)
        let [size, index] = [0, 0]
        try {
          for await (const piece of inPieces(content, note)) {
            await file.writev([sealer.seal(piece, placeOf(id, index))])
            size += piece.length
            index += 1
          }
          await file.sync()
        } finally {
          await file.close()
        }
        renameSync(path, pathOf(id))
        syncFolder(folder)
        return { id, key: key.toString('base64'), size }
      } catch (error) {
        rmSync(path, { force: true })
        throw error
      } finally {
        arriving.delete(id)
      }
    },
    read: (file: SealedFile, range: Range = { start: 0, end: file.size }): Readable => Readable.from(pieces(file, range)),
    has: (id: string): boolean => existsSync(pathOf(id)),
    remove: (id: string): void => rmSync(pathOf(id), { force: true }),
    /** Removes what nobody knows, and what is not whole and does not arrive now. */
    sweep(isKnown: (id: string) => boolean): void {
      for (const name of namesIn(folder)) {
        const isLost = name.endsWith(unfinished) ? !arriving.has(name.slice(0, -unfinished.length)) : !isKnown(name)
        if (isLost) rmSync(join(folder, name), { force: true })
      }
    },
  }
}

async function* inPieces(content: AsyncIterable<Uint8Array>, note: (part: Uint8Array) => void): AsyncGenerator<Buffer> {
  let waiting: Uint8Array[] = []
  let bytes = 0
  for await (const part of content) {
    note(part)
    waiting.push(part)
    bytes += part.length
    if (bytes < pieceBytes) continue
    const whole = Buffer.concat(waiting)
    const rest = whole.length % pieceBytes
    for (let start = 0; start < whole.length - rest; start += pieceBytes) yield whole.subarray(start, start + pieceBytes)
    waiting = rest === 0 ? [] : [whole.subarray(whole.length - rest)]
    bytes = rest
  }
  if (bytes > 0) yield Buffer.concat(waiting)
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    // Nothing was ever kept.
    return []
  }
}

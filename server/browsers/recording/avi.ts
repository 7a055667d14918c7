/**
 * A recording as Motion JPEG in AVI, which ordinary players open. AVI has one pace for all of a film and no times of its own, so where a
 * page stood still an empty chunk says that the picture before it stays. Layout: the RIFF of AVI 1.0 with one `idx1`.
 */
import { jpegSize } from './jpeg-size.ts'
import type { IndexedFrame } from './recording-file.ts'

export const framesPerSecond = 5
const tick = 1_000 / framesPerSecond
const indexEntryBytes = 16
const keyFrame = 0x10
const hasIndex = 0x10

export interface Avi {
  bytes: number
  /** In order, piece by piece: a film may be larger than the memory. */
  pieces(): AsyncGenerator<Buffer>
}

/** `read` hands out a part of the recording's file. */
export async function aviOf(
  frames: readonly IndexedFrame[],
  lengthMs: number,
  read: (offset: number, bytes: number) => Promise<Buffer>,
): Promise<Avi> {
  const [first] = frames
  if (first === undefined) throw new RangeError('a film needs a picture')
  const { width, height } = jpegSize(await read(first.offset, first.bytes))
  const ticks = ticksOf(frames, lengthMs)
  const movieBytes = 4 + ticks.reduce((sum, frame) => sum + 8 + padded(frame?.bytes ?? 0), 0)
  const largest = Math.max(...frames.map(({ bytes }) => bytes))
  const header = headers({ width, height, count: ticks.length, largest, movieBytes })
  return {
    bytes: header.length + 8 + movieBytes + 8 + ticks.length * indexEntryBytes,
    async *pieces() {
      yield header
      yield list('movi', movieBytes)
      for (const frame of ticks) {
        yield chunkHead('00dc', frame?.bytes ?? 0)
        if (frame === null) continue
        yield await read(frame.offset, frame.bytes)
        if (frame.bytes % 2 === 1) yield Buffer.alloc(1)
      }
      yield chunkHead('idx1', ticks.length * indexEntryBytes)
      yield indexOf(ticks)
    },
  }
}

/** What is new at each tick; null where the picture stays. Of several in one tick the last counts; the first stands from the start on. */
function ticksOf(frames: readonly IndexedFrame[], lengthMs: number): (IndexedFrame | null)[] {
  const last = frames.at(-1)
  const count = Math.max(1, Math.ceil(lengthMs / tick), Math.floor((last?.at ?? 0) / tick) + 1)
  const ticks: (IndexedFrame | null)[] = Array.from({ length: count }, () => null)
  for (const frame of frames) ticks[Math.floor(frame.at / tick)] = frame
  ticks[0] ??= frames[0] ?? null
  return ticks
}

function headers(film: { width: number; height: number; count: number; largest: number; movieBytes: number }): Buffer {
  const main = words([
    ...[Math.round(1_000_000 / framesPerSecond), film.largest * framesPerSecond, 0, hasIndex],
    ...[film.count, 0, 1, film.largest, film.width, film.height, 0, 0, 0, 0],
  ])
  const stream = Buffer.concat([
    Buffer.from('vidsMJPG', 'latin1'),
    words([0, 0, 0, 1, framesPerSecond, 0, film.count, film.largest, 0xffff_ffff, 0]),
    shorts([0, 0, film.width, film.height]),
  ])
  const format = Buffer.concat([
    words([40, film.width, film.height]),
    shorts([1, 24]),
    Buffer.from('MJPG', 'latin1'),
    words([film.width * film.height * 3, 0, 0, 0, 0]),
  ])
  const streamList = [chunk('strh', stream), chunk('strf', format)]
  const headerList = [chunk('avih', main), list('strl', 4 + size(streamList)), ...streamList]
  const head = [list('hdrl', 4 + size(headerList)), ...headerList]
  const bytes = 4 + size(head) + 8 + film.movieBytes + 8 + film.count * indexEntryBytes
  return Buffer.concat([chunkHead('RIFF', bytes), Buffer.from('AVI ', 'latin1'), ...head])
}

/** Offsets count from the word `movi`. */
function indexOf(ticks: readonly (IndexedFrame | null)[]): Buffer {
  const index = Buffer.alloc(ticks.length * indexEntryBytes)
  let offset = 4
  for (const [at, frame] of ticks.entries()) {
    const bytes = frame?.bytes ?? 0
    index.write('00dc', at * indexEntryBytes, 'latin1')
    index.writeUInt32LE(frame === null ? 0 : keyFrame, at * indexEntryBytes + 4)
    index.writeUInt32LE(offset, at * indexEntryBytes + 8)
    index.writeUInt32LE(bytes, at * indexEntryBytes + 12)
    offset += 8 + padded(bytes)
  }
  return index
}

const padded = (bytes: number): number => bytes + (bytes % 2)
const size = (parts: readonly Buffer[]): number => parts.reduce((sum, { length }) => sum + length, 0)

function words(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) buffer.writeUInt32LE(value, index * 4)
  return buffer
}

function shorts(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2)
  for (const [index, value] of values.entries()) buffer.writeUInt16LE(value, index * 2)
  return buffer
}

function chunkHead(name: string, bytes: number): Buffer {
  return Buffer.concat([Buffer.from(name, 'latin1'), words([bytes])])
}

const chunk = (name: string, content: Buffer): Buffer => Buffer.concat([chunkHead(name, content.length), content])
const list = (name: string, bytes: number): Buffer => Buffer.concat([chunkHead('LIST', bytes), Buffer.from(name, 'latin1')])

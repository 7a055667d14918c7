/** The pictures of a recording as a player wants them: the one of a moment, read in batches and a few of those kept. */
import { recordHeaderBytes } from '../../../../server/browsers/contract/index.ts'

/** Pictures that are read together. */
const batch = 50
const batchesKept = 6

/** The index of what is seen at a moment: the last picture up to then; the first one before any. */
export function frameAt(times: readonly number[], ms: number): number {
  let low = 0
  let high = times.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((times[middle] ?? 0) <= ms) low = middle
    else high = middle - 1
  }
  return low
}

/** JPEGs out of an answer with records; one that was cut off is left out. */
export function readRecords(answer: Uint8Array): Uint8Array[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength)
  const pictures: Uint8Array[] = []
  for (let at = 0; at + recordHeaderBytes <= answer.byteLength;) {
    const start = at + recordHeaderBytes
    const end = start + view.getUint32(at + 4)
    if (end > answer.byteLength) break
    pictures.push(answer.subarray(start, end))
    at = end
  }
  return pictures
}

export class RecordingReader {
  readonly #read: (from: number, count: number) => Promise<Uint8Array>
  /** By their first picture. An answer may have fewer pictures than were asked for. */
  readonly #batches = new Map<number, Promise<Uint8Array[]>>()

  constructor(read: (from: number, count: number) => Promise<Uint8Array>) {
    this.#read = read
  }

  /** Undefined for one that is not there. */
  async picture(index: number): Promise<Uint8Array | undefined> {
    const start = index - (index % batch)
    const found = (await this.#batch(start))[index - start]
    // Large pictures: the answer was full before this one.
    return found ?? (await this.#batch(index))[0]
  }

  /** Reads ahead. */
  prepare(index: number): void {
    this.#batch(index - (index % batch)).catch(() => undefined)
  }

  #batch(start: number): Promise<Uint8Array[]> {
    const known = this.#batches.get(start)
    if (known !== undefined) return known
    const read = this.#read(start, batch).then(readRecords)
    this.#batches.set(start, read)
    // What failed is asked for again by the next who wants it.
    read.catch(() => this.#batches.delete(start))
    for (const key of [...this.#batches.keys()].slice(0, -batchesKept)) this.#batches.delete(key)
    return read
  }
}

/** The bytes of a journal segment: its mark, then batches of `length u32, crc32 u32, records`. */
import { crc32 } from 'node:zlib'
import { recordType } from './records.ts'

export const magic = Buffer.from('WHBROKR1')
const batchHead = 8
const types = new Set<number>(Object.values(recordType))
/** Bytes of checksums that the search for a batch behind damage may cost: about a second. */
const searchBudget = 1_073_741_824

export interface ReadSegment {
  /** False for what was never a segment; one that was cut off in its mark is an empty one. */
  isJournal: boolean
  batches: Buffer[]
  /** Between whole batches, which damage alone explains. */
  damagedBytes: number
  /** Behind the last whole batch, as a kill leaves it. */
  tornBytes: number
}

export function readSegment(bytes: Buffer): ReadSegment {
  const mark = bytes.subarray(0, magic.length)
  const batches: Buffer[] = []
  const isWhole = mark.equals(magic.subarray(0, mark.length))
  const isJournal = isWhole || (unlike(mark) === 1 && batchAt(bytes, magic.length) !== null)
  if (!isJournal || mark.length < magic.length) return { isJournal, batches, damagedBytes: 0, tornBytes: 0 }
  let damagedBytes = isWhole ? 0 : 1
  let at = magic.length
  const budget = { left: searchBudget }
  while (at < bytes.length) {
    const batch = batchAt(bytes, at)
    if (batch === null) {
      const next = nextBatch(bytes, at, budget)
      if (next === null) break
      damagedBytes += next - at
      at = next
      continue
    }
    batches.push(batch)
    at += batchHead + batch.length
  }
  return { isJournal, batches, damagedBytes, tornBytes: bytes.length - at }
}

/** How many bytes of the mark are other than they should be: one alone, before a batch that is whole, is damage like any other. */
function unlike(mark: Buffer): number {
  return magic.reduce((sum, byte, at) => sum + (mark[at] === byte ? 0 : 1), 0)
}

function batchAt(bytes: Buffer, at: number): Buffer | null {
  const batch = extentAt(bytes, at)
  return batch !== null && crc32(batch) === bytes.readUInt32LE(at + 4) ? batch : null
}

/** What would be a batch there, its checksum aside: records begin with their type. */
function extentAt(bytes: Buffer, at: number): Buffer | null {
  if (at + batchHead >= bytes.length) return null
  const length = bytes.readUInt32LE(at)
  const end = at + batchHead + length
  return length > 0 && end <= bytes.length && types.has(bytes[at + batchHead] ?? 0) ? bytes.subarray(at + batchHead, end) : null
}

/** Where whole batches go on behind damage. First where this one would end, if it was not its length that was hit. */
function nextBatch(bytes: Buffer, at: number, budget: { left: number }): number | null {
  if (at + batchHead < bytes.length) {
    const end = at + batchHead + bytes.readUInt32LE(at)
    if (end < bytes.length && batchAt(bytes, end) !== null) return end
  }
  for (let from = at + 1; from + batchHead < bytes.length; from += 1) {
    const extent = extentAt(bytes, from)
    if (extent === null) continue
    budget.left -= extent.length
    if (budget.left < 0) return null
    if (crc32(extent) === bytes.readUInt32LE(from + 4)) return from
  }
  return null
}

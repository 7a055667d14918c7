/** What a message carries beside its words, wherever it lies: read as a stream, as often as it takes. */
import { Readable } from 'node:stream'

export type Bytes = InMemory | InFile

interface InMemory extends Streamed {
  file: null
  inMemory: Buffer
}

interface InFile extends Streamed {
  /** Its id. */
  file: string
}

interface Streamed {
  size: number
  /** From the beginning, each time it is called. */
  open(): Readable
}

export function bytesOf(buffer: Buffer): InMemory {
  return { size: buffer.length, open: () => Readable.from(buffer.length === 0 ? [] : [buffer]), file: null, inMemory: buffer }
}

/** For what needs it whole: a picture that is made smaller, a sound that is measured. */
export async function wholeOf({ open }: Pick<Streamed, 'open'>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of open()) parts.push(part as Buffer) // ours carry buffers alone
  return Buffer.concat(parts)
}

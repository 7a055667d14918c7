/**
 * Files that bots are to send: handed over by an upload, or fetched from an address before the call is answered. They lie sealed on the
 * disk until nothing waits with them and their time is over.
 */
import type { Clock } from '../../clock.ts'
import { plainName } from '../../http/file-names.ts'
import type { Fetch } from '../../http/egress-fetch.ts'
import { randomBase62 } from '../../secrets/random.ts'
import { mostBytes, type Source } from '../contract/native/source.ts'
import { bytesOf, type Bytes } from '../engine/bytes.ts'
import { BotFault } from '../fault.ts'
import { fetchSource, tooLarge } from './fetched.ts'
import type { FileFacts, FileStore, KeptFile } from './file-store.ts'
import { headBytes, suits, typeOf, usualTypes, type CarryingKind } from './file-type.ts'
import type { SealedFiles } from './sealed-files.ts'

export interface SourceLimits {
  fileBytes: number
  /** Of all files that one bot, and that all bots have waiting. */
  botBytes: number
  allBytes: number
  botFiles: number
}

export const sourceLimits: SourceLimits = { fileBytes: mostBytes.file, botBytes: 4_000_000_000, allBytes: 16_000_000_000, botFiles: 1_000 }

export interface SourcesParts {
  files: SealedFiles
  store: FileStore
  fetch: Fetch
  clock: Clock
  limits?: SourceLimits
}

/** Something that can be sent, with what is known of it. */
export interface Opened {
  bytes: Bytes
  mimetype: string
  name: string | null
}

const minute = 60_000
/** Ms that an upload can be used, and that a fetched file stays where its message was never queued. */
const uploadLife = 24 * 60 * minute
const fetchedLife = 10 * minute

export type Sources = ReturnType<typeof createSources>

export function createSources({ files, store, fetch, clock, limits = sourceLimits }: SourcesParts) {
  /** Bytes that arrive now, by bot. */
  const arriving = new Map<string, number>()

  function isFull(userId: string): boolean {
    const { own, all, files: count } = store.held(userId)
    const everywhere = [...arriving.values()].reduce((sum, bytes) => sum + bytes, 0)
    return own + (arriving.get(userId) ?? 0) > limits.botBytes || all + everywhere > limits.allBytes || count >= limits.botFiles
  }

  function judge(userId: string): void {
    if (!isFull(userId)) return
    sweep()
    if (isFull(userId))
      throw new BotFault('uploads-full', 'Too many files wait to be sent already; they go when they are sent and a day old')
  }

  /** Removes what has had its time. */
  function removeUnneeded(): void {
    for (const id of store.takeUnneeded(clock.now())) files.remove(id)
  }

  /** The same, and what a crash or a removed bot has left. */
  function sweep(): void {
    removeUnneeded()
    const known = store.ids()
    files.sweep((id) => known.has(id))
  }

  async function take(userId: string, content: AsyncIterable<Uint8Array>, { name, mimetype }: FileFacts, life: number): Promise<KeptFile> {
    judge(userId)
    const head: Uint8Array[] = []
    let [bytes, headed, judged] = [0, 0, 0]
    const note = (part: Uint8Array): void => {
      if (bytes + part.length > limits.fileBytes) throw tooLarge(limits.fileBytes)
      bytes += part.length
      arriving.set(userId, (arriving.get(userId) ?? 0) + part.length)
      if (headed < headBytes) head.push(part)
      headed += part.length
      // The table is asked now and then only.
      if (bytes - judged < 1_048_576) return
      judged = bytes
      judge(userId)
    }
    try {
      const sealed = await files.write(`upload_${randomBase62(20)}`, content, note)
      if (sealed.size === 0) {
        files.remove(sealed.id)
        throw empty()
      }
      const type = await typeOf(Buffer.concat(head), mimetype)
      const now = clock.now()
      const file = { ...sealed, name: name === null ? null : plainName(name), mimetype: type, createdAt: now, expiresAt: now + life }
      store.add(userId, file)
      return file
    } finally {
      const left = (arriving.get(userId) ?? 0) - bytes
      if (left > 0) arriving.set(userId, left)
      else arriving.delete(userId)
    }
  }

  function find(userId: string, id: string): Bytes | null {
    const file = store.find(userId, id)
    return file === undefined ? null : { size: file.size, open: () => files.read(file), file: file.id }
  }

  return {
    /** Throws `file-too-large`, `uploads-full`, and `source-refused` for an empty one. */
    take: (userId: string, content: AsyncIterable<Uint8Array>, facts: FileFacts): Promise<KeptFile> =>
      take(userId, content, facts, uploadLife),
    /** A file that a message waits with; null when it is gone. */
    find,
    /** What a message is to carry. Throws also `upload-not-found`, and as `fetchSource` does. */
    async open(
      userId: string,
      { data, url, upload, mimetype }: Source & { mimetype?: string | undefined },
      kind: CarryingKind,
      signal: AbortSignal,
    ): Promise<Opened> {
      if (data !== undefined) {
        const buffer = Buffer.from(data, 'base64')
        if (buffer.length === 0) throw empty()
        const type = mimetype ?? (await typeOf(buffer.subarray(0, headBytes), null))
        return { bytes: bytesOf(buffer), mimetype: suiting(kind, type), name: null }
      }
      const file =
        url === undefined
          ? store.find(userId, upload ?? '')
          : await fetchSource(fetch, url, { signal, most: limits.fileBytes }, ({ content, ...facts }) =>
              take(userId, content, facts, fetchedLife),
            )
      const bytes = file === undefined ? null : find(userId, file.id)
      if (file === undefined || bytes === null)
        throw new BotFault('upload-not-found', 'No such upload of this session; they end after a day')
      return { bytes, mimetype: suiting(kind, mimetype ?? file.mimetype), name: file.name }
    },
    removeUnneeded,
    sweep,
  }
}

function empty(): BotFault {
  return new BotFault('source-refused', 'The file is empty')
}

/** Null where nobody knows. Throws `source-refused`. */
function suiting(kind: CarryingKind, type: string | null): string {
  if (type !== null && !suits(kind, type)) throw new BotFault('source-refused', `It is ${type}, which is no ${kind}`)
  return type ?? usualTypes[kind]
}

/**
 * Bytes of received media while a chat is shown: each read once, as an address that pictures and players take. What is not in sight any
 * more gives its memory back, the longest unseen first.
 */
export interface MediaBytes {
  /** For `src`. */
  address: string
  blob: Blob
}

export interface MediaStore {
  /** Holds the bytes behind a route's path. Throws an `ApiError`. */
  hold(path: string): Promise<MediaBytes>
  /** Those that are here already; held as by `hold`. */
  held(path: string): MediaBytes | null
  release(path: string): void
  dispose(): void
}

export interface MediaStoreOptions {
  read(path: string, signal: AbortSignal): Promise<Blob>
  /** Bytes that stay although nobody shows them. */
  budget?: number
  addresses?: Pick<typeof URL, 'createObjectURL' | 'revokeObjectURL'>
}

interface Entry {
  reading: Promise<MediaBytes>
  bytes: MediaBytes | null
  holders: number
}

export function createMediaStore({ read, budget = 64_000_000, addresses = URL }: MediaStoreOptions): MediaStore {
  /** The one that was let go last stands last. */
  const entries = new Map<string, Entry>()
  const ended = new AbortController()

  function begin(path: string): Entry {
    const reading = read(path, ended.signal).then(
      (blob) => {
        ended.signal.throwIfAborted()
        entry.bytes = { address: addresses.createObjectURL(blob), blob }
        return entry.bytes
      },
      (failure: unknown) => {
        // The next who asks tries again.
        if (entries.get(path) === entry) entries.delete(path)
        throw failure
      },
    )
    const entry: Entry = { reading, bytes: null, holders: 0 }
    entries.set(path, entry)
    return entry
  }

  function tidy(): void {
    const idle = [...entries].flatMap(([path, { holders, bytes }]) => (holders === 0 && bytes !== null ? [{ path, ...bytes }] : []))
    let kept = idle.reduce((sum, { blob }) => sum + blob.size, 0)
    for (const { path, address, blob } of idle) {
      if (kept <= budget) return
      kept -= blob.size
      entries.delete(path)
      addresses.revokeObjectURL(address)
    }
  }

  return {
    hold(path) {
      const entry = entries.get(path) ?? begin(path)
      entry.holders += 1
      return entry.reading
    },
    held(path) {
      const entry = entries.get(path)
      if (entry === undefined || entry.bytes === null) return null
      entry.holders += 1
      return entry.bytes
    },
    release(path) {
      const entry = entries.get(path)
      if (entry === undefined || entry.holders === 0) return
      entry.holders -= 1
      if (entry.holders > 0) return
      entries.delete(path)
      entries.set(path, entry)
      tidy()
    },
    dispose() {
      ended.abort()
      for (const { bytes } of entries.values()) if (bytes !== null) addresses.revokeObjectURL(bytes.address)
      entries.clear()
    },
  }
}

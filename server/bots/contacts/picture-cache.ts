/** Pictures of people in memory, for a while and within a budget: a window asks for many, and WhatsApp does not like to be asked often. */
import type { Picture, PictureSize } from '../engine/contacts.ts'

const mostBytes = 16 * 1_048_576
const keptFor = 3_600_000

export interface PictureCache {
  /** Null where there is none, which is kept as well. */
  get(userId: string, person: string, size: PictureSize, fetch: () => Promise<Picture | null>): Promise<Picture | null>
  /** Of one person, or of the whole bot. */
  forget(userId: string, person: string | null): void
}

export function createPictureCache(now: () => number): PictureCache {
  /** The one asked for last is the last. */
  const kept = new Map<string, { picture: Picture | null; until: number }>()
  const asked = new Map<string, Promise<Picture | null>>()
  let bytes = 0
  const drop = (key: string): void => {
    bytes -= kept.get(key)?.picture?.bytes.length ?? 0
    kept.delete(key)
  }
  return {
    async get(userId, person, size, fetch) {
      const key = `${userId} ${person} ${size}`
      const found = kept.get(key)
      if (found !== undefined && found.until > now()) return found.picture
      const underWay = asked.get(key)
      if (underWay !== undefined) return underWay
      const fetching = fetch().finally(() => asked.delete(key))
      asked.set(key, fetching)
      const picture = await fetching
      drop(key)
      kept.set(key, { picture, until: now() + keptFor })
      bytes += picture?.bytes.length ?? 0
      for (const [oldest] of kept) if (bytes > mostBytes) drop(oldest)
      return picture
    },
    forget(userId, person) {
      for (const key of kept.keys()) if (key.startsWith(person === null ? `${userId} ` : `${userId} ${person} `)) drop(key)
    },
  }
}

/** Everything that is recorded of a session as one ZIP, for whoever has to find out elsewhere what happened. */
import type { AsyncZippable } from 'fflate'
import { iso } from '../../clock.ts'
import type { BrowserSession } from '../contract/resources.ts'
import type { CrashCard, RecorderEntry } from '../contract/recorder-entries.ts'
import type { Har } from './har.ts'
import type { Picture } from './pictures.ts'

export interface ArchiveSource {
  session: BrowserSession
  entries: readonly RecorderEntry[]
  har: Har
  pictures: readonly Picture[]
  /** Null for one that has not ended. */
  card: CrashCard | null
}

export function archiveOf({ session, entries, har, pictures, card }: ArchiveSource): Promise<Uint8Array> {
  const files: AsyncZippable = {
    'session.json': text(session),
    'events.json': text(entries),
    'requests.har': text(har),
    ...(card === null ? {} : { 'crash-card.json': text(card) }),
  }
  for (const { at, why, jpeg } of pictures) {
    const name = `pictures/${iso(at).replaceAll(/[:.]/g, '-')}-${why}.jpg`
    // A JPEG does not get smaller.
    files[name] = [jpeg, { level: 0 }]
  }
  return zipped(files)
}

export async function zipped(files: AsyncZippable): Promise<Uint8Array> {
  // Only when the first one is wanted.
  const { zip } = await import('fflate')
  return new Promise((resolve, reject) => {
    zip(files, (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  })
}

export const text = (value: unknown): Uint8Array => Buffer.from(`${JSON.stringify(value, null, 2)}\n`)

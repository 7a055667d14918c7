/** One file of a message, from WhatsApp to the disk. */
import { plainName } from '../../http/file-names.ts'
import { randomBase62 } from '../../secrets/random.ts'
import type { Connection } from '../engine/engine.ts'
import type { MediaKeys } from '../engine/media-keys.ts'
import { BotFault } from '../fault.ts'
import { tooLarge } from './fetched.ts'
import type { FileFacts } from './file-store.ts'
import { headBytes, receivedType } from './file-type.ts'
import type { ReceivedFile } from './received-store.ts'
import type { SealedFile, SealedFiles } from './sealed-files.ts'

/**
 * Whole, and as it was sent. Where WhatsApp has it no more the phone is asked to put it up again; `moved` hears where. Throws as
 * `MediaCalls` do, and `file-too-large` beyond `most` bytes.
 */
export async function fetchReceived(
  live: Connection,
  files: SealedFiles,
  { keys, chat, messageId, fromMe, author }: ReceivedFile,
  { most, moved }: { most: number; moved: (keys: MediaKeys) => void },
): Promise<SealedFile & FileFacts> {
  try {
    return await take(live, files, keys, most)
  } catch (error) {
    if (!BotFault.is(error, 'media-gone')) throw error
  }
  const again = await live.media.askAgain(keys, chat, { id: messageId, fromMe, author })
  moved(again)
  return take(live, files, again, most)
}

async function take(live: Connection, files: SealedFiles, keys: MediaKeys, most: number): Promise<SealedFile & FileFacts> {
  const head: Uint8Array[] = []
  let bytes = 0
  const file = await files.write(`media_${randomBase62(20)}`, live.media.read(keys), (part) => {
    if (bytes + part.length > most) throw tooLarge(most)
    if (bytes < headBytes) head.push(part)
    bytes += part.length
  })
  const mimetype = await receivedType(keys.kind, keys.mimetype, Buffer.concat(head))
  return { ...file, mimetype, name: keys.fileName === null ? null : plainName(keys.fileName) }
}

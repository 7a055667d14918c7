/**
 * Fetches the files of messages. The library's own way asks whichever host the sender names, and takes whatever comes; here WhatsApp names
 * the host, and what comes is opened and compared with what was sent.
 */
import { createDecipheriv, createHash, createHmac } from 'node:crypto'
import type { Agent, IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import type { proto, WAMessageKey, WASocket } from 'baileys'
import { inTime } from '../../../async/deadline.ts'
import { reasonOf } from '../../../isolation.ts'
import { BotFault } from '../../fault.ts'
import type { MediaCalls } from '../media.ts'
import type { MediaKeys } from '../media-keys.ts'
import type { MessageKey } from '../message.ts'

type Library = typeof import('baileys')

export interface MediaCallsParts {
  library: Library
  socket: WASocket
  /** The way through a proxy. */
  agent: Agent | undefined
  /** A message as WhatsApp names it. */
  keyOf(chat: string, message: MessageKey): Promise<WAMessageKey>
  /** Aborts when the connection is over. */
  signal: AbortSignal
}

/** Ms without a byte, and for a phone to put a file up again. */
const longestSilence = 30_000
const phoneAnswersWithin = 30_000
const macBytes = 10
/** WhatsApp's word for the kind of file, where it is not ours. */
const mediaTypes: Partial<Record<MediaKeys['kind'], string>> = { sticker: 'image' }
/** Statuses of a file that is there no more, or not under this address. */
const goneStatuses = new Set([403, 404, 410])

export function createMediaCalls({ library, socket, agent, keyOf, signal }: MediaCallsParts): MediaCalls {
  async function open(keys: MediaKeys): Promise<IncomingMessage> {
    const { hosts } = await socket.refreshMediaConn(false).catch((error: unknown) => {
      throw held(`it names no place for files: ${reasonOf(error)}`)
    })
    let problem = held('it names no place for files')
    for (const { hostname } of hosts) {
      const response = await request(addressOf(hostname, keys)).catch((error: unknown) => {
        problem = held(reasonOf(error))
        return null
      })
      if (response === null) continue
      if (response.statusCode === 200) return response
      response.destroy()
      if (goneStatuses.has(response.statusCode ?? 0)) throw gone()
      problem = held(`its host answered ${response.statusCode}`)
    }
    throw problem
  }

  function request(address: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asked = getHttps(address, { agent, signal, timeout: longestSilence, headers: { origin: library.DEFAULT_ORIGIN } }, resolve)
      asked.on('timeout', () => asked.destroy(new Error('nothing came for 30 s')))
      asked.on('error', reject)
    })
  }

  return {
    async *read(keys) {
      const { iv, cipherKey, macKey } = await library.getMediaKeys(Buffer.from(keys.mediaKey, 'base64'), keys.kind)
      if (macKey === undefined) throw new Error('the library has made no key for the seal')
      const response = await open(keys)
      try {
        yield* opened(response, { iv, cipherKey, macKey }, keys)
      } catch (error) {
        throw error instanceof BotFault ? error : held(reasonOf(error))
      } finally {
        response.destroy()
      }
    },
    async askAgain(keys, chat, message) {
      const mediaKey = Buffer.from(keys.mediaKey, 'base64')
      const { promise, resolve } = Promise.withResolvers<Update>()
      const hear = (updates: Update[]): void => updates.filter(({ key }) => key.id === message.id).forEach(resolve)
      socket.ev.on('messages.media-update', hear)
      try {
        await socket.sendNode(library.encryptMediaRetryRequest(await keyOf(chat, message), mediaKey, socket.user?.id ?? ''))
        const { media, error } = await inTime(phoneAnswersWithin, promise, () => held('the phone did not answer when it was asked again'))
        if (error !== undefined || media === undefined) throw gone()
        const { result, directPath } = answerOf(library, media, mediaKey, message.id)
        if (result !== library.proto.MediaRetryNotification.ResultType.SUCCESS || directPath?.startsWith('/') !== true) throw gone()
        return { ...keys, directPath }
      } finally {
        socket.ev.off('messages.media-update', hear)
      }
    },
  }
}

interface Update {
  key: WAMessageKey
  media?: { ciphertext: Uint8Array; iv: Uint8Array }
  error?: unknown
}

function answerOf(library: Library, media: NonNullable<Update['media']>, mediaKey: Buffer, id: string): proto.IMediaRetryNotification {
  try {
    return library.decryptMediaRetryData(media, mediaKey, id)
  } catch (error) {
    throw new BotFault('media-gone', 'The phone has answered with something that cannot be read', {}, { cause: error })
  }
}

/** As WhatsApp's own programs ask: by digest and kind beside the path. */
function addressOf(host: string, { directPath, fileEncSha256, kind }: MediaKeys): string {
  const digest = fileEncSha256 === null ? '' : `&hash=${Buffer.from(fileEncSha256, 'base64').toString('base64url')}`
  return `https://${host}${directPath}${directPath.includes('?') ? '&' : '?'}mms-type=${mediaTypes[kind] ?? kind}${digest}&__wa-mms=`
}

/** AES-CBC, and behind it the first bytes of an HMAC over it: nothing of the last is decrypted before all of it has come. */
async function* opened(
  sealed: AsyncIterable<Buffer>,
  { iv, cipherKey, macKey }: { iv: Uint8Array; cipherKey: Uint8Array; macKey: Uint8Array },
  { fileSha256, fileEncSha256 }: MediaKeys,
): AsyncGenerator<Buffer> {
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv)
  const mac = createHmac('sha256', macKey).update(iv)
  const [plain, sent] = [createHash('sha256'), createHash('sha256')]
  const through = (part: Buffer): Buffer => {
    plain.update(part)
    return part
  }
  let rest: Buffer = Buffer.alloc(0)
  for await (const part of sealed) {
    sent.update(part)
    rest = Buffer.concat([rest, part])
    const ready = rest.subarray(0, Math.max(0, rest.length - macBytes))
    rest = rest.subarray(ready.length)
    mac.update(ready)
    yield through(decipher.update(ready))
  }
  const isSealed = rest.length === macBytes && mac.digest().subarray(0, macBytes).equals(rest)
  const isSent = fileEncSha256 === null || sent.digest('base64') === fileEncSha256
  if (!isSealed || !isSent) throw broken()
  yield through(lastOf(decipher))
  if (fileSha256 !== null && plain.digest('base64') !== fileSha256) throw broken()
}

function lastOf(decipher: { final(): Buffer }): Buffer {
  try {
    return decipher.final()
  } catch {
    throw broken()
  }
}

function gone(): BotFault {
  return new BotFault('media-gone', 'Neither WhatsApp nor the phone has the file any more')
}

function broken(): BotFault {
  return new BotFault('media-broken', 'What WhatsApp has given is not the file that was sent')
}

function held(why: string): BotFault {
  return new BotFault('media-held', `WhatsApp does not give the file at the moment: ${why}`)
}

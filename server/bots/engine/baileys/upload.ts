/**
 * Uploads what messages carry. The library would write each file to the system's folder for passing things, a picture as it is; here it
 * goes from where it lies to WhatsApp: once through the cipher for its digest, which is its address there, and once more on its way out.
 */
import { createCipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { request as requestHttps } from 'node:https'
import type { Agent } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { proto, SocketConfig, WASocket } from 'baileys'
import { reasonOf } from '../../../isolation.ts'
import { BotFault } from '../../fault.ts'
import { wholeOf, type Bytes } from '../bytes.ts'
import { uploadRefusalOf } from '../whatsapp-codes.ts'

type Library = typeof import('baileys')
export type UploadedKind = 'image' | 'video' | 'audio' | 'document' | 'sticker'

export interface Uploader {
  /**
   * For `sendMessage` of the library, which takes from it what its `media` of `carried` is as a message. Throws, through that, as `send` of
   * the connection does.
   */
  mediaCache(chat: string, bytes: Bytes): NonNullable<SocketConfig['mediaCache']>
}

/** In the place of the bytes of a message that is sent with `mediaCache`. */
export const carried = { url: 'carried' } as const

/** Ms without a byte moving. */
const longestSilence = 60_000
/** Larger ones get no small picture of themselves, and are not measured. */
const mostMeasured = 32 * 1_048_576
const macBytes = 10

/** `signal` aborts when the connection is over. */
export function createUploader(library: Library, socket: WASocket, agent: Agent | undefined, signal: AbortSignal): Uploader {
  async function upload(chat: string, bytes: Bytes, kind: UploadedKind): Promise<proto.IMessage> {
    const isPublic = chat.endsWith('@newsletter')
    const sealing = isPublic ? null : await sealingOf(library, kind)
    const digests = await digest(bytes, sealing)
    const { directPath, url } = await put(kind, { ...digests, content: () => (sealing === null ? bytes.open() : sealed(bytes, sealing)) })
    return {
      [`${kind}Message`]: {
        ...{ url, directPath, fileLength: bytes.size, fileSha256: digests.plain },
        ...(sealing === null
          ? {}
          : { mediaKey: sealing.mediaKey, fileEncSha256: digests.sent, mediaKeyTimestamp: Math.floor(Date.now() / 1_000) }),
        ...(await measured(library, bytes, kind)),
      },
    }
  }

  /** At the first of WhatsApp's hosts that takes it. */
  async function put(kind: UploadedKind, file: Digests & { content: () => Readable }): Promise<{ directPath: string; url: string }> {
    const token = file.sent.toString('base64url')
    let refusal: unknown = new BotFault('message-held', 'WhatsApp names no place for uploads at the moment')
    for (const isNew of [false, true]) {
      const { hosts, auth } = await socket.refreshMediaConn(isNew)
      let isStale = false
      for (const { hostname } of hosts) {
        const address = `https://${hostname}${library.MEDIA_PATH_MAP[kind]}/${token}?auth=${encodeURIComponent(auth)}&token=${token}`
        const answer = await post(address, file).catch((error: unknown) => {
          signal.throwIfAborted()
          return new BotFault('message-unanswered', `The upload to WhatsApp broke off: ${reasonOf(error)}`)
        })
        if (answer instanceof Error) refusal = answer
        else if (answer.directPath !== '') return answer
        else {
          isStale ||= answer.status === 401 || answer.status === 403
          refusal = uploadRefusalOf(answer.status)
        }
      }
      // The permission to upload lives for some minutes; a new one is worth a second try, and nothing else is.
      if (!isStale) break
    }
    throw refusal
  }

  function post(address: string, { content, size }: { content: () => Readable; size: number }) {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': size, origin: library.DEFAULT_ORIGIN }
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; directPath: string; url: string }>()
    const request = requestHttps(address, { method: 'POST', headers, agent, timeout: longestSilence, signal }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('error', reject)
      response.on('data', (part: string) => {
        if (text.length < 65_536) text += part
      })
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, ...placeIn(response.statusCode === 200 ? text : '') })
        // A host that refuses need not take the rest.
        request.destroy()
      })
    })
    request.on('timeout', () => request.destroy(new Error('nothing moved for a minute')))
    request.on('error', reject)
    pipeline(content(), request).catch(reject)
    return promise
  }

  return {
    mediaCache: (chat, bytes) => ({
      // Asked for `image:carried` and the like.
      async get<T>(key: string) {
        const message = await upload(chat, bytes, key.split(':', 1)[0] as UploadedKind) // the library's own name of the kind
        return library.proto.Message.encode(library.proto.Message.fromObject(message)).finish() as T // what it keeps in such a cache
      },
      set() {},
      del() {},
      flushAll() {},
    }),
  }
}

interface Sealing {
  mediaKey: Buffer
  iv: Buffer
  cipherKey: Buffer
  macKey: Buffer
}

interface Digests {
  plain: Buffer
  /** Of what is sent, and how much that is. */
  sent: Buffer
  size: number
}

async function sealingOf(library: Library, kind: UploadedKind): Promise<Sealing> {
  const mediaKey = randomBytes(32)
  const { iv, cipherKey, macKey } = await library.getMediaKeys(mediaKey, kind)
  if (macKey === undefined) throw new Error('the library has made no key for the seal')
  return { mediaKey, iv: Buffer.from(iv), cipherKey: Buffer.from(cipherKey), macKey: Buffer.from(macKey) }
}

async function digest(bytes: Bytes, sealing: Sealing | null): Promise<Digests> {
  const [plain, sent] = [createHash('sha256'), createHash('sha256')]
  let size = 0
  const content = sealing === null ? bytes.open() : sealed(bytes, sealing, (part) => plain.update(part))
  for await (const part of content as AsyncIterable<Buffer>) {
    if (sealing === null) plain.update(part)
    sent.update(part)
    size += part.length
  }
  return { plain: plain.digest(), sent: sent.digest(), size }
}

/** As WhatsApp has it: AES-CBC, then the first bytes of an HMAC over it. */
function sealed(bytes: Bytes, { iv, cipherKey, macKey }: Sealing, read: (part: Buffer) => void = () => {}): Readable {
  async function* parts(): AsyncGenerator<Buffer> {
    const cipher = createCipheriv('aes-256-cbc', cipherKey, iv)
    const mac = createHmac('sha256', macKey).update(iv)
    const through = (part: Buffer): Buffer => {
      mac.update(part)
      return part
    }
    for await (const part of bytes.open() as AsyncIterable<Buffer>) {
      read(part)
      yield through(cipher.update(part))
    }
    yield through(cipher.final())
    yield mac.digest().subarray(0, macBytes)
  }
  return Readable.from(parts())
}

/** What the receiver sees before it has the file; nothing where it cannot be found out. */
async function measured(library: Library, bytes: Bytes, kind: UploadedKind): Promise<object> {
  if (bytes.size > mostMeasured || (kind !== 'image' && kind !== 'audio')) return {}
  try {
    if (kind === 'audio') return { seconds: Math.round((await library.getAudioDuration(await wholeOf(bytes))) ?? 0) }
    const { buffer, original } = await library.extractImageThumb(await wholeOf(bytes))
    return { jpegThumbnail: buffer, width: original.width, height: original.height }
  } catch {
    return {}
  }
}

function placeIn(text: string): { directPath: string; url: string } {
  try {
    const answer: unknown = JSON.parse(text)
    const [directPath, url] = ['direct_path', 'url'].map((name) => Reflect.get(Object(answer), name) as unknown)
    return { directPath: typeof directPath === 'string' ? directPath : '', url: typeof url === 'string' ? url : '' }
  } catch {
    return { directPath: '', url: '' }
  }
}

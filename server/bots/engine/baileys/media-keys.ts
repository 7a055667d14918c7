/** Where the file of a message is, out of the library's shapes. */
import type { proto } from 'baileys'
import type { MediaKeys } from '../media-keys.ts'

interface Shape {
  mediaKey?: Uint8Array | null
  directPath?: string | null
  fileSha256?: Uint8Array | null
  fileEncSha256?: Uint8Array | null
  fileLength?: number | { toString(): string } | null
  mimetype?: string | null
  fileName?: string | null
  title?: string | null
  url?: string | null
}

/** Undefined for what has no file, and for what may be looked at once: it is not ours to keep. */
export function mediaKeysOf(content: proto.IMessage, viewOnce: boolean): MediaKeys | undefined {
  const found = fileIn(content)
  if (found === null || viewOnce || Reflect.get(found.part, 'viewOnce') === true) return undefined
  const { mediaKey, fileSha256, fileEncSha256, fileLength, mimetype, fileName, title } = found.part
  const directPath = filled(found.part.directPath) ?? pathOf(found.part.url)
  // A sender may write anything there: another host is none of it.
  if (mediaKey?.length !== 32 || directPath === null || !/^\/[\x21-\x7e]{1,2000}$/.test(directPath)) return undefined
  const size = Number(fileLength ?? 0)
  return {
    kind: found.kind,
    mediaKey: Buffer.from(mediaKey).toString('base64'),
    directPath,
    fileSha256: textOf(fileSha256),
    fileEncSha256: textOf(fileEncSha256),
    size: Number.isSafeInteger(size) && size > 0 ? size : null,
    mimetype: mimetype ?? '',
    fileName: filled(fileName) ?? (found.kind === 'document' ? filled(title) : null),
  }
}

function fileIn(content: proto.IMessage): { kind: MediaKeys['kind']; part: Shape } | null {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage, lottieStickerMessage } = content
  const candidates: [MediaKeys['kind'], Shape | null | undefined][] = [
    ['image', imageMessage],
    ['video', videoMessage ?? ptvMessage],
    ['audio', audioMessage],
    ['document', documentMessage],
    ['sticker', stickerMessage ?? lottieStickerMessage?.message?.stickerMessage],
  ]
  for (const [kind, part] of candidates) if (part != null) return { kind, part }
  return null
}

function textOf(digest: Uint8Array | null | undefined): string | null {
  return digest?.length === 32 ? Buffer.from(digest).toString('base64') : null
}

/** Some say the whole address alone. */
function pathOf(address: string | null | undefined): string | null {
  const url = URL.parse(address ?? '')
  return url?.protocol === 'https:' ? url.pathname + url.search : null
}

function filled(text: string | null | undefined): string | null {
  return text == null || text === '' ? null : text
}

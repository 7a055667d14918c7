/** What bytes are: as their source says, else as they look. */

/** What servers say of what they do not know. */
const vague = new Set(['application/octet-stream', 'binary/octet-stream', 'application/binary', 'application/x-download', 'text/plain', ''])

/** The first bytes of a file by which its type is known. */
export const headBytes = 4_100

/** Null where neither says anything. `said` may be a whole header. */
export async function typeOf(head: Uint8Array, said: string | null): Promise<string | null> {
  const given = (said ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (!vague.has(given)) return given
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  return found?.mime ?? (given === '' ? null : given)
}

export type CarryingKind = 'image' | 'video' | 'audio' | 'document' | 'sticker'

const families: Readonly<Record<CarryingKind, RegExp>> = {
  image: /^image\//,
  video: /^video\//,
  // Containers of sound are named as those of films.
  audio: /^(audio|video)\/|^application\/ogg$/,
  document: /./,
  sticker: /^image\//,
}

/** Of what says no type at all, too. */
export const usualTypes: Readonly<Record<CarryingKind, string>> = {
  image: 'image/jpeg',
  video: 'video/mp4',
  audio: 'audio/ogg; codecs=opus',
  document: 'application/octet-stream',
  sticker: 'image/webp',
}

export function suits(kind: CarryingKind, mimetype: string): boolean {
  return families[kind].test(mimetype)
}

/** What bytes are: as their source says, else as they look. */

/** What servers say of what they do not know. */
const vague = new Set(['application/octet-stream', 'binary/octet-stream', 'application/binary', 'application/x-download', 'text/plain', ''])

/** What programs say of any body, unless they are told what it is. */
const ofForms = new Set(['application/x-www-form-urlencoded', 'multipart/form-data'])

/** The first bytes of a file by which its type is known. */
export const headBytes = 4_100

/** Null where neither says anything. `said` may be a whole header. */
export async function typeOf(head: Uint8Array, said: string | null): Promise<string | null> {
  const named = baseOf(said ?? '')
  const given = ofForms.has(named) ? '' : named
  if (!vague.has(given)) return given
  return (await wholeLook(head)) ?? (given === '' ? null : given)
}

/** What a browser may show by itself, without anything of it becoming a page that runs. */
const shown = /^(image\/(png|jpeg|gif|webp|avif|apng|bmp)|(audio|video)\/[\w.+-]+|application\/(pdf|ogg))$/

export const isShown = (mimetype: string): boolean => shown.test(baseOf(mimetype))

/**
 * Of a file that somebody has sent and says something of. What a browser would show is called so only where it looks like it: a page that
 * is said to be a picture stays a file.
 */
export async function receivedType(kind: CarryingKind, said: string, head: Uint8Array): Promise<string> {
  const looks = await looksLike(head)
  const given = /^[\w.+-]+\/[\w.+-]+(; ?codecs="?[\w.+, -]+"?)?$/.test(said) ? said.toLowerCase() : null
  if (given !== null && looks === baseOf(given)) return given
  if (kind !== 'document') {
    const best = looks ?? given
    return best !== null && suits(kind, best) ? best : usualTypes.document
  }
  // A spreadsheet looks like the archive that it is; who sends it knows better.
  const isTrusted = given !== null && !isShown(given) && (looks === null || !isShown(looks))
  return isTrusted ? given : (looks ?? usualTypes.document)
}

async function looksLike(head: Uint8Array): Promise<string | null> {
  const found = await wholeLook(head)
  return found === null ? null : baseOf(found)
}

/** With what is within it, where that matters: sound in Ogg is played as Opus only where its type says so. */
async function wholeLook(head: Uint8Array): Promise<string | null> {
  const { fileTypeFromBuffer } = await import('file-type')
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  return found?.mime.toLowerCase() ?? null
}

function baseOf(mimetype: string): string {
  return mimetype.split(';', 1)[0]?.trim().toLowerCase() ?? ''
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

const endings: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/heic': 'heic',
  'video/mp4': 'mp4',
  'video/webm': 'webm',
  'video/quicktime': 'mov',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/aac': 'aac',
  'audio/wav': 'wav',
  'application/pdf': 'pdf',
  'application/zip': 'zip',
  'application/json': 'json',
  'application/xml': 'xml',
  'application/msword': 'doc',
  'application/vnd.ms-excel': 'xls',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'pptx',
  'text/plain': 'txt',
  'text/csv': 'csv',
  'text/vcard': 'vcf',
}

/** A name that has no ending gets that of its type, where it is a known one: phones choose by it what opens a file. */
export function withEnding(name: string, mimetype: string): string {
  const ending = endings[baseOf(mimetype)]
  return ending === undefined || /\.[^.\s]{1,12}$/.test(name) ? name : `${name}.${ending}`
}

/** A chosen file as the message the API takes: what the file is decides how it is shown. */

/** Bytes; what the API takes. */
export const largestFile = 16 * 1_048_576

export type MediaBody =
  | { type: 'image' | 'video'; data: string; mimetype: string; caption: string }
  | { type: 'audio'; data: string; mimetype: string }
  | { type: 'document'; data: string; mimetype: string; fileName: string; caption: string }

/** What is sent without a file or words. */
export type Shared =
  { type: 'location'; latitude: number; longitude: number; name: string } | { type: 'contact'; name: string; phoneNumber: string }

/** Kinds that phones show in the chat; all others go as documents, unharmed. */
const shown: Readonly<Record<string, 'image' | 'video' | 'audio'>> = {
  'image/jpeg': 'image',
  'image/png': 'image',
  'image/webp': 'image',
  'image/gif': 'image',
  'video/mp4': 'video',
  'video/3gpp': 'video',
  'audio/ogg': 'audio',
  'audio/mpeg': 'audio',
  'audio/mp4': 'audio',
  'audio/aac': 'audio',
}

export function mediaBody({ name, type }: Pick<File, 'name' | 'type'>, data: string, caption: string): MediaBody {
  const kind = shown[type]
  if (kind === 'audio' && caption === '') return { type: 'audio', data, mimetype: type }
  if (kind === 'image' || kind === 'video') return { type: kind, data, mimetype: type, caption }
  return {
    type: 'document',
    data,
    mimetype: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
    fileName: name.slice(-255),
    caption,
  }
}

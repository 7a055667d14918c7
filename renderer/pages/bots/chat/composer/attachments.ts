/** Chosen files as the messages the API takes: what a file is decides how it is shown, unless somebody says otherwise. */
import type { MessageView } from '../../../../../server/bots/contract/index.ts'

/** Bytes; what the API takes and WhatsApp carries. */
export const largestFile = 2_000_000_000

/** How a file goes: as what it is, or as a document, unharmed. */
export type As = 'shown' | 'document'

export interface Attachment {
  /** Of this window. */
  id: number
  file: File
  as: As
}

export type MediaBody =
  | { type: 'image' | 'video'; upload: string; mimetype: string; caption: string }
  | { type: 'audio'; upload: string; mimetype: string }
  | { type: 'document'; upload: string; mimetype: string; fileName: string; caption: string }

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

/** `upload` is the id under which the file was handed over. */
export function mediaBody({ name, type }: Pick<File, 'name' | 'type'>, upload: string, caption: string, as: As = 'shown'): MediaBody {
  const kind = as === 'document' ? undefined : shown[type]
  if (kind === 'audio' && caption === '') return { type: 'audio', upload, mimetype: type }
  if (kind === 'image' || kind === 'video') return { type: kind, upload, mimetype: type, caption }
  return {
    type: 'document',
    upload,
    mimetype: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
    fileName: name.slice(-255),
    caption,
  }
}

/** What the chat shows of it until the log has the message. */
export function mediaDetails({ size, name }: Pick<File, 'size' | 'name'>, { type, mimetype }: MediaBody): MessageView['details'] {
  const media = { mimetype, size, seconds: null, width: null, height: null, pages: null, note: false, animated: false }
  return { media: { ...media, fileName: type === 'document' ? name : null } }
}

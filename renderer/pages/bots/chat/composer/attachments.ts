/** Chosen files as the messages the API takes: what a file is decides how it is shown, unless somebody says otherwise. */
import type { MessageView } from '../../../../../server/bots/contract/index.ts'

/** Bytes; what the API takes and WhatsApp carries. */
export const largestFile = 2_000_000_000

/** How a file goes: as what it is, as what phones make of it, or as a document, unharmed. */
export type As = 'shown' | 'once' | 'sticker' | 'note' | 'voice' | 'document'

export interface Attachment {
  /** Of this window. */
  id: number
  file: File
  as: As
}

export type MediaBody =
  | { type: 'image' | 'video'; upload: string; mimetype: string; caption: string; viewOnce?: true }
  | { type: 'video'; upload: string; mimetype: string; note: true }
  | { type: 'sticker'; upload: string; mimetype: string }
  | { type: 'audio'; upload: string; mimetype: string; voice?: true }
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
  if (as === 'sticker' && kind === 'image') return { type: 'sticker', upload, mimetype: type }
  if (as === 'note' && kind === 'video') return { type: 'video', upload, mimetype: type, note: true }
  if (as === 'voice' && type.startsWith('audio/')) return { type: 'audio', upload, mimetype: type, voice: true }
  if (kind === 'audio' && caption === '') return { type: 'audio', upload, mimetype: type }
  if (kind === 'image' || kind === 'video')
    return { type: kind, upload, mimetype: type, caption, ...(as === 'once' ? { viewOnce: true } : {}) }
  return {
    type: 'document',
    upload,
    mimetype: /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream',
    fileName: name.slice(-255),
    caption,
  }
}

/** The ways in which a file of this type can go, the usual one first. */
export function waysOf({ type }: Pick<File, 'type'>): readonly { as: As; words: string }[] {
  const document = { as: 'document', words: 'As a document' } as const
  const once = { as: 'once', words: 'To look at once' } as const
  if (shown[type] === 'image') return [{ as: 'shown', words: 'As a picture' }, once, { as: 'sticker', words: 'As a sticker' }, document]
  if (shown[type] === 'video') return [{ as: 'shown', words: 'As a video' }, once, { as: 'note', words: 'As a round video note' }, document]
  return type.startsWith('audio/')
    ? [{ as: 'shown', words: 'As a sound' }, { as: 'voice', words: 'As a voice note' }, document]
    : [document]
}

/** What the chat shows of it until the log has the message. */
export function mediaDetails({ size, name }: Pick<File, 'size' | 'name'>, body: MediaBody): MessageView['details'] {
  const note = 'voice' in body || 'note' in body
  const media = { mimetype: body.mimetype, size, seconds: null, width: null, height: null, pages: null, note, animated: false }
  const viewOnce = 'viewOnce' in body ? { viewOnce: true as const } : {}
  return { media: { ...media, fileName: body.type === 'document' ? name : null }, ...viewOnce }
}

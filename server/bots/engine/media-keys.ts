/** Where the file of a message is at WhatsApp. */

/** Whoever has this can read the file: it is sealed wherever it is kept, and shown to nobody. Keys and digests in base64. */
export interface MediaKeys {
  kind: 'image' | 'video' | 'audio' | 'document' | 'sticker'
  mediaKey: string
  /** Begins with a slash; on which host is WhatsApp's matter. */
  directPath: string
  /** Of the file, and of what lies at WhatsApp. Null where the sender does not say. */
  fileSha256: string | null
  fileEncSha256: string | null
  /** As the sender says. */
  size: number | null
  mimetype: string
  fileName: string | null
}

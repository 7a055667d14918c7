/** Kinds of messages without words of their own. */
const kinds: Readonly<Record<string, { text: string; icon: string }>> = {
  image: { text: 'Picture', icon: 'i-lucide-image' },
  video: { text: 'Video', icon: 'i-lucide-video' },
  audio: { text: 'Sound', icon: 'i-lucide-audio-lines' },
  document: { text: 'Document', icon: 'i-lucide-file-text' },
  sticker: { text: 'Sticker', icon: 'i-lucide-sticker' },
  location: { text: 'Location', icon: 'i-lucide-map-pin' },
  contact: { text: 'Contact', icon: 'i-lucide-contact' },
  reaction: { text: 'Reaction', icon: 'i-lucide-smile' },
  unreadable: { text: 'Could not be read: the keys of this message are gone', icon: 'i-lucide-lock' },
  other: { text: 'Of a kind that is not shown here', icon: 'i-lucide-circle-help' },
}

export const kindText = (kind: string): string => kinds[kind]?.text ?? kind
/** null for plain text. */
export const kindIcon = (kind: string): string | null => kinds[kind]?.icon ?? null

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
  poll: { text: 'Poll', icon: 'i-lucide-chart-bar' },
  album: { text: 'Album', icon: 'i-lucide-images' },
  event: { text: 'Event', icon: 'i-lucide-calendar' },
  invite: { text: 'Invitation to a group', icon: 'i-lucide-users' },
  product: { text: 'Product', icon: 'i-lucide-tag' },
  order: { text: 'Order', icon: 'i-lucide-shopping-cart' },
  unreadable: { text: 'Could not be read: the keys of this message are gone', icon: 'i-lucide-lock' },
  other: { text: 'Of a kind that is not shown here', icon: 'i-lucide-circle-help' },
}

export const kindText = (kind: string): string => kinds[kind]?.text ?? kind
/** null for plain text. */
export const kindIcon = (kind: string): string | null => kinds[kind]?.icon ?? null

/** A message in one line, for the list of chats, for quotes and for whoever hears the page instead of seeing it. */
import type { MessageView } from '../../../../server/bots/contract/index.ts'

const kinds: Readonly<Record<string, { text: string; icon: string }>> = {
  image: { text: 'Picture', icon: 'i-lucide-image' },
  video: { text: 'Video', icon: 'i-lucide-video' },
  audio: { text: 'Sound', icon: 'i-lucide-audio-lines' },
  document: { text: 'Document', icon: 'i-lucide-file-text' },
  sticker: { text: 'Sticker', icon: 'i-lucide-sticker' },
  location: { text: 'Place', icon: 'i-lucide-map-pin' },
  contact: { text: 'Contact', icon: 'i-lucide-contact' },
  reaction: { text: 'Reaction', icon: 'i-lucide-smile' },
  poll: { text: 'Poll', icon: 'i-lucide-chart-bar' },
  album: { text: 'Album', icon: 'i-lucide-images' },
  event: { text: 'Event', icon: 'i-lucide-calendar' },
  invite: { text: 'Invitation to a group', icon: 'i-lucide-users' },
  product: { text: 'Product', icon: 'i-lucide-tag' },
  order: { text: 'Order', icon: 'i-lucide-shopping-cart' },
  call: { text: 'Call', icon: 'i-lucide-phone' },
  unreadable: { text: 'Could not be read', icon: 'i-lucide-lock' },
  other: { text: 'Of a kind that is not shown here', icon: 'i-lucide-circle-help' },
}

export const kindText = (kind: string): string => kinds[kind]?.text ?? kind
/** null for plain text. */
export const kindIcon = (kind: string): string | null => kinds[kind]?.icon ?? null

/** `0:23`, `1:02:07`. */
export function playTime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3_600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (part: number): string => String(part).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

export function callWords(call: MessageView['details']['call']): string {
  if (call === undefined) return 'Call'
  const what = call.video ? 'Video call' : 'Call'
  return call.state === 'missed' ? `${what} missed` : call.state === 'rejected' ? `${what} refused` : `${what} taken on the phone`
}

export interface Summary {
  text: string
  /** null for plain text. */
  icon: string | null
}

type Summed = Pick<MessageView, 'kind' | 'text'> & { details?: MessageView['details'] }

export function summaryOf({ kind, text, details = {} }: Summed): Summary {
  const { media, poll } = details
  const length = media?.seconds == null ? '' : `, ${playTime(media.seconds)}`
  const said = (name: string): string => (text === '' ? name : `${name}: ${text}`)
  if (details.viewOnce === true) return { text: `${kindText(kind)} to look at once`, icon: 'i-lucide-eye' }
  if (kind === 'image') return { text: text === '' ? 'Picture' : text, icon: 'i-lucide-image' }
  if (kind === 'video' && media?.animated === true) return { text: text === '' ? 'GIF' : text, icon: 'i-lucide-film' }
  if (kind === 'video')
    return { text: text === '' ? `${media?.note === true ? 'Video note' : 'Video'}${length}` : text, icon: 'i-lucide-video' }
  if (kind === 'audio')
    return media?.note === true
      ? { text: `Voice note${length}`, icon: 'i-lucide-mic' }
      : { text: `Sound${length}`, icon: 'i-lucide-audio-lines' }
  if (kind === 'document') return { text: media?.fileName ?? (text === '' ? 'Document' : text), icon: 'i-lucide-file-text' }
  if (kind === 'album') return { text: `Album, ${(details.album?.images ?? 0) + (details.album?.videos ?? 0)}`, icon: 'i-lucide-images' }
  if (kind === 'contact' && (details.contacts?.length ?? 0) > 1)
    return { text: `${details.contacts?.length ?? 0} contacts`, icon: 'i-lucide-contact' }
  if (details.call !== undefined) return { text: callWords(details.call), icon: details.call.video ? 'i-lucide-video' : 'i-lucide-phone' }
  if (poll !== undefined) return { text: text === '' ? 'Poll' : text, icon: 'i-lucide-chart-bar' }
  if (kind === 'text' || kind === 'unreadable' || kind === 'other')
    return { text: text === '' ? kindText(kind) : text, icon: kindIcon(kind) }
  return { text: said(kindText(kind)), icon: kindIcon(kind) }
}

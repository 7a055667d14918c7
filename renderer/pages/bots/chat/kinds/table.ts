/** Which component shows a message, and in what frame it stands. */
import type { Component } from 'vue'
import type { ChatMessage } from '../thread.ts'
import AlbumKind from './album-kind.vue'
import AudioKind from './audio-kind.vue'
import CallKind from './call-kind.vue'
import CommerceKind from './commerce-kind.vue'
import ContactKind from './contact-kind.vue'
import DeletedKind from './deleted-kind.vue'
import DocumentKind from './document-kind.vue'
import EventKind from './event-kind.vue'
import InviteKind from './invite-kind.vue'
import PictureKind from './picture-kind.vue'
import PlaceKind from './place-kind.vue'
import PlainKind from './plain-kind.vue'
import PollKind from './poll-kind.vue'
import StickerKind from './sticker-kind.vue'
import TextKind from './text-kind.vue'
import VideoKind from './video-kind.vue'
import VideoNoteKind from './video-note-kind.vue'
import ViewOnceKind from './view-once-kind.vue'

export interface KindView {
  view: Component
  /** `bare` has no bubble around it, `dashed` one for what is not there any more. */
  frame: 'bubble' | 'bare' | 'dashed'
}

const inBubble = (view: Component): KindView => ({ view, frame: 'bubble' })
const views: Readonly<Record<string, KindView>> = {
  text: inBubble(TextKind),
  image: inBubble(PictureKind),
  video: inBubble(VideoKind),
  audio: inBubble(AudioKind),
  document: inBubble(DocumentKind),
  sticker: { view: StickerKind, frame: 'bare' },
  location: inBubble(PlaceKind),
  contact: inBubble(ContactKind),
  poll: inBubble(PollKind),
  album: inBubble(AlbumKind),
  event: inBubble(EventKind),
  invite: inBubble(InviteKind),
  call: inBubble(CallKind),
  product: inBubble(CommerceKind),
  order: inBubble(CommerceKind),
}

export function viewOf({ kind, details, deleted, media }: ChatMessage): KindView {
  if (deleted !== null) return { view: DeletedKind, frame: 'dashed' }
  if (details.viewOnce === true && media?.state !== 'kept') return inBubble(ViewOnceKind)
  if (kind === 'video' && details.media?.note === true) return { view: VideoNoteKind, frame: 'bare' }
  return views[kind] ?? inBubble(PlainKind)
}

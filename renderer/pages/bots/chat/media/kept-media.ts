/** What became of the bytes of a received message. */
import type { ChatMessage } from '../thread.ts'

/** Why they are not here, in a few words; null while they are, or while nothing is known. */
export function gapWords(media: ChatMessage['media']): string | null {
  // What waits is a press away.
  if (media == null || media.state === 'kept' || media.state === 'waiting') return null
  return media.state === 'gone' ? 'No longer to be had' : 'Not kept'
}

/** The longer reason, for who asks. */
export function gapReason(media: ChatMessage['media']): string {
  if (media == null) return 'This bot keeps no media: only what the message says about it is here.'
  if (media.problem !== null) return media.problem
  if (media.state === 'waiting') return 'Kept as soon as it has arrived from WhatsApp.'
  if (media.state === 'gone') return "WhatsApp's servers and the sender's phone have it no more."
  return 'Larger than this bot keeps, or its room for media was full.'
}

/** Whether asking for the bytes may bring them. */
export const mayLoad = (media: ChatMessage['media']): boolean => media != null && media.state !== 'gone' && media.state !== 'refused'

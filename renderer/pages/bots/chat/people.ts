/** How chats and people read: WhatsApp ids become names and numbers. */
import { readableNumber } from '../bot-presentation.ts'

/** Somebody, by number or by a hidden id; no group, channel or status. */
export const isPerson = (chat: string): boolean => /@(s\.whatsapp\.net|lid)$/.test(chat)
export const isGroup = (chat: string): boolean => chat.endsWith('@g.us')

/** The number of a person's chat; null for a group and for a hidden id. */
export function numberOf(chat: string): string | null {
  const [number = '', server] = chat.split('@')
  return server === 's.whatsapp.net' ? (number.split(':')[0] ?? null) : null
}

export function personText(chat: string): string {
  const number = numberOf(chat)
  if (number !== null) return readableNumber(number)
  if (isGroup(chat)) return 'Group'
  if (chat.endsWith('@newsletter')) return 'Channel'
  if (chat === 'status@broadcast') return 'Status'
  return chat.endsWith('@broadcast') ? 'Broadcast list' : 'Hidden number'
}

/** Two letters for the round badge. */
export function initials(name: string): string {
  const words = name
    .replace(/[^\p{L}\p{N} ]/gu, ' ')
    .trim()
    .split(/\s+/)
  const letters = words.length > 1 ? `${words[0]?.[0] ?? ''}${words.at(-1)?.[0] ?? ''}` : (words[0] ?? '').slice(0, 2)
  return /^\d+$/.test(letters) ? '#' : letters.toUpperCase()
}

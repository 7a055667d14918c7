/** What kind of place a chat is, by its WhatsApp id. */

export type Place = 'people' | Ignorable
/** What a bot can be set to pass over. */
export type Ignorable = 'groups' | 'broadcasts' | 'channels' | 'status'

export function placeOf(chat: string): Place {
  if (chat === 'status@broadcast') return 'status'
  if (chat.endsWith('@broadcast')) return 'broadcasts'
  if (chat.endsWith('@newsletter')) return 'channels'
  return chat.endsWith('@g.us') ? 'groups' : 'people'
}

/** WhatsApp's ids: a person by number (`@s.whatsapp.net`) or by a hidden id (`@lid`), a group (`@g.us`). */

const person = '@s.whatsapp.net'
const group = '@g.us'

/** A number becomes the id of its chat. */
export function chatOf(to: string): string {
  return to.includes('@') ? to : to + person
}

export function isGroup(chat: string): boolean {
  return chat.endsWith(group)
}

/** The digits of a person's chat; null for a group and for a hidden id. */
export function numberOf(chat: string): string | null {
  return chat.endsWith(person) ? (chat.split('@')[0] ?? null) : null
}

/** How long WhatsApp lets a message be changed. Its phones look at it themselves: what comes later changes nothing there. */
const minute = 60_000
const hour = 60 * minute

const limits = {
  edit: { ms: 15 * minute, words: 'WhatsApp takes changes for 15 minutes after a message was sent' },
  delete: { ms: 60 * hour, words: 'WhatsApp deletes for all until two and a half days after a message was sent' },
} as const

/** Words for what is too late; null when it is not, or when it was not sent yet. */
export function lateness(what: 'edit' | 'delete', sentAt: number | null, now: number): string | null {
  const { ms, words } = limits[what]
  return sentAt !== null && now - sentAt > ms ? words : null
}

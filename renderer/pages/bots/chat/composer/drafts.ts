/** What was begun and not sent, by bot and chat, for as long as the window is open. */
const all = new Map<string, Map<string, string>>()

export function draftsOf(userId: string): Map<string, string> {
  const known = all.get(userId) ?? new Map<string, string>()
  all.set(userId, known)
  return known
}

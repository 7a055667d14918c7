/** `SESSION` or `SESSION:anything`, where there is one field for both: MQTT's user name, and JSON clients that have no other. */

export interface LoginName {
  session: string
  /** What stands behind the session's name; null where nothing does. */
  client: string | null
}

/** The longest name that a session has counts, since a session's name may hold colons. */
export function readLoginName(text: string, hasSession: (name: string) => boolean): LoginName {
  if (hasSession(text)) return { session: text, client: null }
  for (let end = text.lastIndexOf(':'); end > 0; end = text.lastIndexOf(':', end - 1)) {
    const session = text.slice(0, end)
    if (hasSession(session)) return { session, client: text.slice(end + 1) }
  }
  const first = text.indexOf(':')
  return first < 0 ? { session: text, client: null } : { session: text.slice(0, first), client: text.slice(first + 1) }
}

/** Topics and filters: MQTT's levels and wildcards, for both protocols. */

/** The reserved topic on which a session tells its clients what happens in it. Wildcards do not reach it. */
export const logTopic = 'sys/logs'
const maxTopicLength = 1_024

/** Whether the text can be a topic to publish on: no wildcard level, no NUL, no half of a character, not too long. */
export function isTopic(text: string): boolean {
  return text.length > 0 && text.length <= maxTopicLength && !text.includes('\0') && text.isWellFormed() && !hasWildcard(text)
}

/** True when a level of the text is `+`, or its last one `#`. A `#` inside a level is an ordinary letter to JSON clients. */
export function hasWildcard(text: string): boolean {
  if (!text.includes('+') && !text.includes('#')) return false
  return text.split('/').some((level) => level === '+' || level === '#')
}

/** `$share/GROUP/FILTER` in its parts; null when the text is no filter. */
export function parseFilter(text: string): { filter: string; group: string | null } | null {
  if (!text.startsWith('$share/')) return isFilter(text) ? { filter: text, group: null } : null
  const end = text.indexOf('/', 7)
  const group = text.slice(7, end)
  const filter = text.slice(end + 1)
  return end < 0 || group === '' || /[+#]/.test(group) || !isFilter(filter) ? null : { filter, group }
}

function isFilter(text: string): boolean {
  if (text.length === 0 || text.length > maxTopicLength || text.includes('\0') || !text.isWellFormed()) return false
  const levels = text.split('/')
  return levels.every((level, index) => level !== '#' || index === levels.length - 1)
}

export function matches(filter: string, topic: string): boolean {
  if (!hasWildcard(filter)) return filter === topic
  if (isReserved(topic) && /^[+#]/.test(filter)) return false
  const wanted = filter.split('/')
  const levels = topic.split('/')
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return topic !== logTopic
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false
  }
  return wanted.length === levels.length && topic !== logTopic
}

/** What a session says of itself; its clients may only listen to it. */
export function isSystem(topic: string): boolean {
  return topic === '$SYS' || topic.startsWith('$SYS/')
}

/** Topics beginning with `$` are not reached by a leading wildcard (MQTT 4.7.2). */
export function isReserved(topic: string): boolean {
  return topic.startsWith('$')
}

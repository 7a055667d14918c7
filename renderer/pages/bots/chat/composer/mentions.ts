/** Naming people in what is written: the list behind an `@`, and what the API takes. */
export interface Person {
  /** A WhatsApp id. */
  id: string
  name: string
}

/** The beginning of a name behind the `@` at which somebody writes, and where it stands; null while nobody is being named. */
export function namedAt(text: string, caret: number): { from: number; search: string } | null {
  const found = /(?:^|\s)@([^@\n]{0,30})$/.exec(text.slice(0, caret))
  if (found === null) return null
  const search = found[1] ?? ''
  return { from: caret - search.length - 1, search }
}

/** Those whose name, or one of its words, begins so. */
export function peopleFor(people: readonly Person[], search: string): Person[] {
  const wanted = search.toLowerCase()
  return people
    .filter(({ name }) => {
      const low = name.toLowerCase()
      return low.startsWith(wanted) || low.split(/\s+/).some((word) => word.startsWith(wanted))
    })
    .slice(0, 6)
}

/** In the words each name becomes the digits of its id, as WhatsApp wants it. */
export function withMentions(text: string, picked: readonly Person[]): { text: string; mentions: string[] } {
  const mentions: string[] = []
  let written = text
  // The longer name first: of "Ann" and "Ann Driver" one begins the other.
  for (const { id, name } of picked.toSorted((a, b) => b.name.length - a.name.length)) {
    if (!written.includes(`@${name}`)) continue
    written = written.replaceAll(`@${name}`, `@${/^\d+/.exec(id)?.[0] ?? ''}`)
    if (!mentions.includes(id)) mentions.push(id)
  }
  return { text: written, mentions }
}

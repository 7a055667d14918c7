/**
 * What a server lists twice. It is asked for by name or address alone, so of two with the same one only one can ever answer: the first is
 * kept, and the server's page says which were left out.
 */
import type { ListName, Offered } from './read-list.ts'

export interface Told {
  items: Offered[]
  /** Names and addresses that were listed more than once. */
  twins: string[]
}

export function withoutTwins(part: ListName, listed: readonly Offered[]): Told {
  const seen = new Set<string>()
  const twins = new Set<string>()
  const items = listed.filter((offered) => {
    const key = keyOf(part, offered)
    if (key === undefined) return true
    if (seen.has(key)) twins.add(key)
    const isFirst = !seen.has(key)
    seen.add(key)
    return isFirst
  })
  return { items, twins: [...twins] }
}

function keyOf(part: ListName, { name, uri, uriTemplate }: Offered): string | undefined {
  switch (part) {
    case 'tools':
    case 'prompts':
      return name
    case 'resources':
      return uri
    case 'resourceTemplates':
      return uriTemplate
  }
}

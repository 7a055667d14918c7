/** The order of the tiles. The first one is in focus; none of the others moves unless it has to. */

/** Those that are gone leave, new ones come last. */
export function withSessions(order: readonly string[], ids: readonly string[]): string[] {
  const present = new Set(ids)
  const kept = order.filter((id) => present.has(id))
  return [...kept, ...ids.filter((id) => !kept.includes(id))]
}

/** Changes places with the one in focus. */
export function focused(order: readonly string[], id: string): string[] {
  const at = order.indexOf(id)
  const [first] = order
  if (at < 1 || first === undefined) return [...order]
  return order.map((other, index) => (index === 0 ? id : index === at ? first : other))
}

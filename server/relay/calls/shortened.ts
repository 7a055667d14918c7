/** The same value with fewer entries in its lists and shorter texts, about so many bytes: what a schema says of its fields stays true. */
export function shortened(value: unknown, bytes: number): unknown {
  let now = value
  // Halved again and again: lists and texts lose their ends, fields stay.
  for (let longest = 4_096; Buffer.byteLength(JSON.stringify(now)) > bytes && longest >= 1; longest = Math.floor(longest / 2))
    now = cut(value, longest)
  return now
}

function cut(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return value.length > longest * 4 ? `${value.slice(0, longest * 4)}…` : value
  if (Array.isArray(value)) return value.slice(0, longest).map((each: unknown) => cut(each, longest))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]: [string, unknown]) => [key, cut(each, longest)]))
}

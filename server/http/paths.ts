/** Which route a path is of. */

/** The `:name` parts of a path, decoded; null when it does not match. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  return matchParts(pattern.split('/'), path.split('/'))
}

export interface PathIndex<Value> {
  /** Takes patterns of whole parts, fixed or `:name`; false for any other. */
  add(method: string, pattern: string, value: Value): boolean
  find(method: string, path: string): { value: Value; params: Record<string, string> } | null
}

const noParams: Record<string, string> = Object.freeze({})

/**
 * The router tries the patterns of all routes one after the other, and that takes longer than most handlers. Here a path without a parameter is
 * looked up, and one with parameters is compared only with patterns of its method and length. What is not found may still be the router's.
 */
export function createPathIndex<Value>(): PathIndex<Value> {
  const fixed = new Map<string, Value>()
  const byLength = new Map<string, { pattern: string[]; value: Value }[]>()
  return {
    add(method, pattern, value) {
      const parts = pattern.split('/')
      if (!parts.every((part) => /^:?[\w.-]*$/.test(part))) return false
      if (!pattern.includes(':')) fixed.set(`${method} ${pattern}`, value)
      else {
        const key = `${method} ${parts.length}`
        byLength.set(key, [...(byLength.get(key) ?? []), { pattern: parts, value }])
      }
      return true
    },
    find(method, path) {
      const exact = fixed.get(`${method} ${path}`)
      if (exact !== undefined) return { value: exact, params: noParams }
      const parts = path.split('/')
      for (const { pattern, value } of byLength.get(`${method} ${parts.length}`) ?? []) {
        const params = matchParts(pattern, parts)
        if (params !== null) return { value, params }
      }
      return null
    },
  }
}

function matchParts(pattern: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (pattern.length !== given.length) return null
  // From the end: the beginnings of an API's paths are all alike.
  for (let index = pattern.length - 1; index >= 0; index -= 1) {
    const part = pattern[index] ?? ''
    if (part.startsWith(':') ? given[index] === '' : part !== given[index]) return null
  }
  const params: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    if (!part.startsWith(':')) continue
    try {
      params[part.slice(1)] = decodeURIComponent(given[index] ?? '')
    } catch {
      return null
    }
  }
  return params
}

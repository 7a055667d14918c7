/**
 * Arguments that a request of the stateless era repeats in headers, since the tool's definition asks for it. Learned from lists that pass.
 */
import { headerText, isObject, methodOf, paramsOf } from './messages.ts'

interface Mirrored {
  path: readonly string[]
  header: string
}

const knownAtMost = 10_000
const deepest = 32

export class ParamHeaders {
  readonly #byTool = new Map<string, readonly Mirrored[]>()

  /** Reads what is said of tools in an answer. */
  learn(message: unknown): void {
    const result = isObject(message) ? message['result'] : undefined
    const tools = isObject(result) ? result['tools'] : undefined
    if (!Array.isArray(tools)) return
    for (const tool of tools) {
      if (!isObject(tool) || typeof tool['name'] !== 'string') continue
      const mirrored = mirroredIn(tool['inputSchema'])
      if (mirrored.length === 0) this.#byTool.delete(tool['name'])
      else if (this.#byTool.size < knownAtMost) this.#byTool.set(tool['name'], mirrored)
    }
  }

  /** For a call of a tool. */
  of(message: unknown): Record<string, string> {
    if (methodOf(message) !== 'tools/call') return {}
    const { name, arguments: given } = paramsOf(message)
    const headers: Record<string, string> = {}
    for (const { path, header } of this.#byTool.get(String(name)) ?? []) {
      const value = path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), given)
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        headers[`mcp-param-${header.toLowerCase()}`] = headerText(String(value))
    }
    return headers
  }
}

function mirroredIn(schema: unknown, path: readonly string[] = []): Mirrored[] {
  const properties = isObject(schema) ? schema['properties'] : undefined
  if (!isObject(properties) || path.length >= deepest) return []
  return Object.entries(properties).flatMap(([key, property]) => {
    const header = isObject(property) ? property['x-mcp-header'] : undefined
    const here = typeof header === 'string' && /^[\w-]+$/.test(header) ? [{ path: [...path, key], header }] : []
    return [...here, ...mirroredIn(property, [...path, key])]
  })
}

/** Reads the description of an HTTP API: OpenAPI 3.0 to 3.2 or Swagger 2.0, as JSON or YAML, into one form. */
import { RelayFault } from '../fault.ts'
import type { Json } from '../upstreams/connection.ts'

/** Characters of a document. */
export const maxDocument = 16 * 1_048_576
/** YAML takes several times as long to read, and nobody else is served meanwhile. */
const maxYaml = 4 * 1_048_576
/** Objects, lists and values: an alias in YAML can stand for far more than was written. */
const maxNodes = 2_000_000
const maxDepth = 200

/** The document as OpenAPI 3.1. Throws `openapi-invalid`. */
export async function readDocument(text: string): Promise<Json> {
  if (text.length > maxDocument) throw invalid(`It has more than ${maxDocument / 1_048_576} MiB`)
  const read = await parsed(text)
  if (!isObject(read)) throw invalid('It is not an object')
  // Without quotes YAML takes a version for a number.
  for (const key of ['openapi', 'swagger'])
    if (typeof read[key] === 'number') read[key] = Number.isInteger(read[key]) ? `${read[key]}.0` : String(read[key])
  const { openapi, swagger } = read
  if (typeof openapi !== 'string' && typeof swagger !== 'string') throw invalid('It names neither an `openapi` nor a `swagger` version')
  if (!isBounded(read)) throw invalid('It is nested too deep, or its aliases stand for too much')
  // Loaded with the first document: most installations never read one.
  const { upgrade } = await import('@scalar/openapi-upgrader')
  let upgraded: unknown
  try {
    upgraded = upgrade(read, '3.1')
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error))
  }
  if (!isObject(upgraded) || !isObject(upgraded['paths'])) throw invalid('It describes no paths')
  return upgraded
}

async function parsed(text: string): Promise<unknown> {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text)
    } catch (error) {
      // A flow mapping of YAML begins alike.
      if (text.length > maxYaml) throw invalid(error instanceof Error ? error.message : 'It is not JSON')
    }
  }
  if (text.length > maxYaml) throw invalid(`As YAML it may have ${maxYaml / 1_048_576} MiB; give it as JSON`)
  const { load } = await import('js-yaml')
  try {
    return load(text)
  } catch (error) {
    throw invalid(error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'It is neither JSON nor YAML')
  }
}

/** Walked without recursion: what is to be refused may be deeper than the stack. */
function isBounded(root: unknown): boolean {
  let nodes = 0
  const waiting: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, depth } = next
    nodes += 1
    if (nodes > maxNodes || depth > maxDepth) return false
    if (typeof value === 'object' && value !== null)
      for (const each of Object.values(value)) waiting.push({ value: each, depth: depth + 1 })
  }
  return true
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function invalid(why: string): RelayFault {
  return new RelayFault('openapi-invalid', `This is no description of an API that can be used: ${why}`)
}

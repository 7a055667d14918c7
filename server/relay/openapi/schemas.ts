/** Schemas of an API as schemas of tools: each stands for itself, with all it points to, without what only documentation shows. */
import type { Json } from '../upstreams/connection.ts'
import { soundSchema } from '../upstreams/sound-schema.ts'
import { isObject } from './document.ts'
import { at } from './references.ts'

/** Characters of the schema of one argument: a model pays for each at every turn. */
const maxSchema = 24_000

/** They would have references in a tool lead elsewhere, or nowhere. */
const anchors = ['$id', '$schema', '$anchor', '$dynamicAnchor', '$dynamicRef']
/** Said for people's pages and generators, or no part of JSON Schema. */
const dropped = new Set([
  'example',
  'examples',
  'xml',
  'externalDocs',
  'discriminator',
  'deprecated',
  'readOnly',
  'writeOnly',
  'nullable',
  ...anchors,
])
/** Their values are named by people: nothing under them is a keyword. */
const named = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'])

/** The schema of an argument, and what it points to by name. Null where it is so large that it is better left out. */
export function schemaOf(document: Json, schema: unknown): { schema: Json; definitions: Json } | null {
  const full = closed(document, schema, false)
  if (sizeOf(full) <= maxSchema) return full
  const brief = closed(document, schema, true)
  return sizeOf(brief) <= maxSchema ? brief : null
}

function sizeOf(value: unknown): number {
  return JSON.stringify(value).length
}

function closed(document: Json, schema: unknown, brief: boolean): { schema: Json; definitions: Json } {
  const definitions: Json = {}
  const byReference = new Map<string, string>()
  const nameOf = (reference: string): string | null => {
    const known = byReference.get(reference)
    if (known !== undefined) return known
    const target = at(document, reference)
    if (target === undefined) return null
    const name = free(definitions, reference.replace(/^#\/(?:components\/schemas\/)?/, '').replaceAll(/[^\w.-]+/g, '_'))
    byReference.set(reference, name)
    // In its place before it is walked: a schema may point to itself.
    definitions[name] = {}
    definitions[name] = soundSchema(cleaned(target))
    return name
  }
  const cleaned = (value: unknown, names = false): unknown => {
    if (Array.isArray(value)) return value.map((each) => cleaned(each))
    if (!isObject(value)) return value
    if (!names && typeof value['$ref'] === 'string') {
      const name = nameOf(value['$ref'])
      const { description } = value
      return {
        ...(name === null ? {} : { $ref: `#/$defs/${name}` }),
        ...(typeof description === 'string' && !brief ? { description } : {}),
      }
    }
    const entries = Object.entries(value).filter(
      ([key, each]) => names || !(dropped.has(key) || key.startsWith('x-') || isOutdated(key, each) || (brief && isRemark(key, each))),
    )
    const readable = names ? entries.filter(([, each]) => !isObject(each) || each['readOnly'] !== true) : entries
    const result = Object.fromEntries(
      readable.map(([key, each]) => [key, isFree(key, names) ? each : cleaned(each, !names && named.has(key))]),
    )
    if (names) return result
    return withoutReadOnly(value, result)
  }
  const result = soundSchema(cleaned(schema))
  return { schema: isObject(result) ? result : {}, definitions }
}

/** Values as they are meant, in which nothing is a keyword. */
function isFree(key: string, names: boolean): boolean {
  return !names && (key === 'enum' || key === 'const' || key === 'default' || key === 'required')
}

/** Keywords as older drafts have them, or patterns in another dialect: a client that checks the schema would refuse the whole tool. */
function isOutdated(key: string, value: unknown): boolean {
  if (key === 'exclusiveMinimum' || key === 'exclusiveMaximum') return typeof value !== 'number'
  if (key !== 'pattern') return false
  try {
    new RegExp(String(value), 'u')
    return false
  } catch {
    return true
  }
}

function isRemark(key: string, value: unknown): boolean {
  return (key === 'description' || key === 'title') && typeof value === 'string'
}

/** What only answers hold is not asked for. */
function withoutReadOnly(before: Json, after: Json): Json {
  const properties = before['properties']
  const required = after['required']
  if (!isObject(properties) || !Array.isArray(required)) return after
  const asked = required.filter((name: unknown) => {
    const property = typeof name === 'string' ? properties[name] : undefined
    return !isObject(property) || property['readOnly'] !== true
  })
  return { ...after, required: asked }
}

export function free(taken: object, name: string): string {
  if (!Object.hasOwn(taken, name)) return name
  for (let number = 2; ; number += 1) if (!Object.hasOwn(taken, `${name}_${number}`)) return `${name}_${number}`
}

/**
 * A JSON Schema without what is one in no dialect, such as `required: true` or `type: "int"`. Models are given all schemas of a session at
 * once and refuse the whole where one is wrong. What is right stays as it is.
 */
import { isDeepStrictEqual } from 'node:util'

/** Undefined takes the keyword out. */
type Mend = (value: unknown, depth: number) => unknown

/** Deeper than anybody describes a thing; below it everything is allowed. */
const maxDepth = 100

export function soundSchema(schema: unknown): unknown {
  const mended = soundAt(schema, 0)
  return isDeepStrictEqual(mended, schema) ? schema : mended
}

function soundAt(schema: unknown, depth: number): unknown {
  if (typeof schema === 'boolean') return schema
  if (!isObject(schema) || depth > maxDepth) return {}
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]): [string, unknown][] => {
      const mend = Object.hasOwn(mends, keyword) ? mends[keyword] : undefined
      const kept = mend === undefined ? value : mend(value, depth + 1)
      return kept === undefined ? [] : [[keyword, kept]]
    }),
  )
}

const kept = (check: (value: unknown) => boolean): Mend => {
  return (value) => (check(value) ? value : undefined)
}
const text = kept((value) => typeof value === 'string')
const number = kept((value) => typeof value === 'number')
const count = kept((value) => Number.isInteger(value) && Number(value) >= 0)
const flag = kept((value) => typeof value === 'boolean')
/** Older drafts have them as flags. */
const bound = kept((value) => typeof value === 'number' || typeof value === 'boolean')
const list = kept(Array.isArray)
const schema: Mend = (value, depth) => (isObject(value) || typeof value === 'boolean' ? soundAt(value, depth) : undefined)
const schemas: Mend = (value, depth) => (Array.isArray(value) && value.length > 0 ? value.map((each) => soundAt(each, depth)) : undefined)
const named: Mend = (value, depth) =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, soundAt(each, depth)])) : undefined

const types = new Set(['null', 'boolean', 'object', 'array', 'number', 'string', 'integer'])
/** As other languages call them. */
const meant: Readonly<Record<string, string>> = {
  ...{ int: 'integer', long: 'integer', float: 'number', double: 'number', decimal: 'number', bool: 'boolean', str: 'string' },
  ...{ text: 'string', date: 'string', datetime: 'string', dict: 'object', map: 'object', list: 'array' },
}
function typeOf(value: unknown): string | undefined {
  const lower = typeof value === 'string' ? value.toLowerCase() : ''
  return types.has(lower) ? lower : meant[lower]
}
const type: Mend = (value) => {
  if (!Array.isArray(value)) return typeOf(value)
  const known = [...new Set(value.map(typeOf).filter((each) => each !== undefined))]
  return known.length === 0 ? undefined : known
}
const required: Mend = (value) => {
  if (!Array.isArray(value)) return undefined
  return [...new Set(value.filter((each) => typeof each === 'string'))]
}
const pattern: Mend = (value) => {
  try {
    return typeof value === 'string' && new RegExp(value, 'u') ? value : undefined
  } catch {
    return undefined
  }
}

const mends: Readonly<Record<string, Mend>> = {
  ...{ type, required, pattern, enum: list, examples: kept((value) => value !== null) },
  ...{ title: text, description: text, format: text, $comment: text, $ref: text, $schema: text },
  ...{ minimum: number, maximum: number, exclusiveMinimum: bound, exclusiveMaximum: bound, multipleOf: kept((value) => Number(value) > 0) },
  ...{ minLength: count, maxLength: count, minItems: count, maxItems: count, minProperties: count, maxProperties: count },
  ...{ uniqueItems: flag, deprecated: flag, readOnly: flag, writeOnly: flag },
  ...{ properties: named, patternProperties: named, $defs: named, definitions: named, dependentSchemas: named },
  ...{ allOf: schemas, anyOf: schemas, oneOf: schemas, prefixItems: schemas },
  items: (value, depth) => (Array.isArray(value) ? value.map((each) => soundAt(each, depth)) : schema(value, depth)),
  ...{ additionalProperties: schema, propertyNames: schema, not: schema, if: schema, then: schema, else: schema, contains: schema },
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

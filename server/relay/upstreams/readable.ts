/**
 * What a server lists, in a form that every client can read. Clients check a list as a whole: one field that is not as the protocol has it
 * would cost them all tools of all servers. So what is wrong is left out, and what cannot be asked for is not listed.
 */
import { soundSchema } from './sound-schema.ts'

export type ListName = 'tools' | 'resources' | 'resourceTemplates' | 'prompts'

/** Anything that is listed by name or address; the rest passes through. */
export interface Offered {
  name?: string
  uri?: string
  uriTemplate?: string
  [more: string]: unknown
}

type Check = (value: unknown) => unknown

/** Null for what nobody can ask for by name or address. */
export function readable(list: ListName, listed: unknown): Offered | null {
  if (!isObject(listed)) return null
  switch (list) {
    case 'tools':
      return named(listed['name']) ? checked({ ...listed, inputSchema: inputSchemaOf(listed['inputSchema']) }, toolFields) : null
    case 'prompts':
      return named(listed['name']) ? checked(listed, promptFields) : null
    case 'resources':
      return named(listed['uri']) ? checked({ ...listed, name: listed['name'] ?? listed['uri'] }, resourceFields) : null
    case 'resourceTemplates':
      return named(listed['uriTemplate']) ? checked({ ...listed, name: listed['name'] ?? listed['uriTemplate'] }, resourceFields) : null
  }
}

const text: Check = (value) => (typeof value === 'string' ? value : undefined)
const flag: Check = (value) => (typeof value === 'boolean' ? value : undefined)
const number: Check = (value) => (typeof value === 'number' ? value : undefined)
const object: Check = (value) => (isObject(value) ? value : undefined)
const oneOf = (...values: unknown[]): Check => {
  return (value) => (values.includes(value) ? value : undefined)
}
const list = (check: Check): Check => {
  return (value) => (Array.isArray(value) ? value.map(check).filter((each) => each !== undefined) : undefined)
}
const fields = (checks: Readonly<Record<string, Check>>): Check => {
  return (value) => (isObject(value) ? checked(value, checks) : undefined)
}
const within = (checks: Readonly<Record<string, Check>>, needed: string): Check => {
  return (value) => (isObject(value) && typeof value[needed] === 'string' ? checked(value, checks) : undefined)
}

const icons = list(within({ mimeType: text, sizes: list(text), theme: oneOf('light', 'dark') }, 'src'))
const common = { title: text, description: text, icons, _meta: object }
const toolFields: Readonly<Record<string, Check>> = {
  ...common,
  annotations: fields({ title: text, readOnlyHint: flag, destructiveHint: flag, idempotentHint: flag, openWorldHint: flag }),
  outputSchema: (value) => (isObject(value) && value['type'] === 'object' ? ofObject(value) : undefined),
  execution: fields({ taskSupport: oneOf('forbidden', 'optional', 'required') }),
}
const promptFields: Readonly<Record<string, Check>> = {
  ...common,
  arguments: list(within({ title: text, description: text, required: flag }, 'name')),
}
const resourceFields: Readonly<Record<string, Check>> = {
  ...common,
  name: (value) => (typeof value === 'string' ? value : String(value)),
  mimeType: text,
  size: number,
  annotations: fields({ audience: list(oneOf('user', 'assistant')), priority: number, lastModified: text }),
}

/** In the order and with all else that it has; what is right in each is the very same value. */
function checked(value: Record<string, unknown>, checks: Readonly<Record<string, Check>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, unknown][] => {
      const kept = Object.hasOwn(checks, key) ? checks[key]?.(each) : each
      return kept === undefined || kept === null ? [] : [[key, kept]]
    }),
  )
}

/** A tool takes an object, whatever else its schema says of it. */
function inputSchemaOf(schema: unknown): Record<string, unknown> {
  if (!isObject(schema)) return { type: 'object' }
  return ofObject(schema['type'] === 'object' ? schema : { ...schema, type: 'object' })
}

function ofObject(given: Record<string, unknown>): Record<string, unknown> {
  const schema = soundSchema(given)
  if (!isObject(schema)) return { type: 'object' }
  const { properties } = schema
  // `true` and `false` are schemas as well, though not to every client.
  if (!isObject(properties) || Object.values(properties).every(isObject)) return schema
  const plain = Object.entries(properties).map(([name, each]) => [name, isObject(each) ? each : each === true ? {} : { not: {} }])
  return { ...schema, properties: Object.fromEntries(plain) as Record<string, unknown> }
}

function named(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A form for a tool's input: one field for each property of its JSON schema. */
import { isSecretArgument } from '../../../server/relay/contract/index.ts'

export interface SchemaField {
  name: string
  description: string
  required: boolean
  kind: 'text' | 'number' | 'boolean' | 'json'
  /** Values to choose from; null for any. */
  choices: readonly string[] | null
  /** Not shown while it is typed. */
  secret: boolean
}

export function fieldsOf(schema: unknown): SchemaField[] {
  if (!isObject(schema) || !isObject(schema['properties'])) return []
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(schema['properties']).map(([name, property]) => {
    const given = isObject(property) ? property : {}
    const kind = kindOf(given['type'])
    const choices = Array.isArray(given['enum']) ? given['enum'].map(String) : kind === 'boolean' ? ['true', 'false'] : null
    return {
      name,
      description: String(given['description'] ?? ''),
      required: required.includes(name),
      kind,
      choices,
      secret: isSecretArgument(name, given),
    }
  })
}

/** The arguments as the schema types them; empty fields are left out. Throws when a field is not JSON. */
export function valuesOf(fields: readonly SchemaField[], texts: Readonly<Record<string, string>>): Record<string, unknown> {
  const filled = fields.filter(({ name }) => (texts[name] ?? '') !== '')
  return Object.fromEntries(filled.map(({ name, kind }) => [name, valueOf(kind, String(texts[name]), name)]))
}

function valueOf(kind: SchemaField['kind'], text: string, name: string): unknown {
  if (kind === 'number') return Number(text)
  if (kind === 'boolean') return text === 'true'
  if (kind === 'text') return text
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${name} is not JSON`)
  }
}

function kindOf(type: unknown): SchemaField['kind'] {
  if (type === 'string') return 'text'
  if (type === 'number' || type === 'integer') return 'number'
  return type === 'boolean' ? 'boolean' : 'json'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

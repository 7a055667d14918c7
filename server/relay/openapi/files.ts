/** Files in forms: an agent gives the bytes as base64 together with a name. */
import type { Json } from '../upstreams/connection.ts'
import { isObject } from './document.ts'
import { resolved } from './references.ts'

const file: Json = {
  type: 'object',
  description: 'A file',
  properties: { data: { type: 'string', description: 'Its bytes as base64' }, filename: { type: 'string' }, type: { type: 'string' } },
  required: ['data'],
}

/** The schema of a form with what stands for bytes in it as files; any other kind of body as it is. */
export function withFiles(document: Json, type: string, schema: unknown): unknown {
  const form = /multipart\/form-data/i.test(type) ? resolved(document, schema) : undefined
  const properties = form?.['properties']
  if (!isObject(properties)) return schema
  const asked = Object.entries(properties).map(([name, property]) => {
    const found = resolved(document, property)
    if (isBytes(found)) return [name, file]
    const items = found?.['type'] === 'array' ? resolved(document, found['items']) : undefined
    return [name, isBytes(items) ? { type: 'array', items: file } : property]
  })
  return { ...form, properties: Object.fromEntries(asked) as Json }
}

function isBytes(schema: Json | undefined): boolean {
  return schema?.['format'] === 'binary' || schema?.['contentMediaType'] === 'application/octet-stream'
}

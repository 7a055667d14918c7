/** What can be read of a message: its text, its JSON, or nothing where it is bytes or encrypted end to end. */
import type { BrokerMessage } from '../contract/messages.ts'

export interface Content {
  /** Null for bytes that are no text. */
  text: string | null
  /** Parsed; undefined where the content is no JSON. */
  json: unknown
  /** An envelope of a client: letters that say nothing here. */
  isEncrypted: boolean
}

/** Letters. What is longer is looked at by its beginning, and not as JSON: rules run between the messages of all sessions. */
const longest = 1_048_576
/** Of an envelope: `base64(iv):…` of version 1, `2.KEYID.base64(iv).…` of version 2. */
const envelopes = [/^[A-Za-z0-9+/]{22}==:[A-Za-z0-9+/]{4}/, /^2\.[^.]{1,128}\.[A-Za-z0-9+/]{16}\.[A-Za-z0-9+/]{4}/]
const beginning = 200

export function readContent({ data, encoding }: Pick<BrokerMessage, 'data' | 'encoding'>): Content {
  if (encoding !== undefined) return { text: null, json: undefined, isEncrypted: false }
  if (typeof data !== 'string') return { text: JSON.stringify(data).slice(0, longest), json: data, isEncrypted: false }
  const start = data.slice(0, beginning)
  if (envelopes.some((envelope) => envelope.test(start))) return { text: data.slice(0, longest), json: undefined, isEncrypted: true }
  return { text: data.slice(0, longest), json: data.length > longest ? undefined : parsed(data), isEncrypted: false }
}

/** The field at a path of names and numbers parted by dots; the whole where it is empty, undefined where there is none. */
export function fieldOf(json: unknown, path: string): unknown {
  if (path === '') return json
  let value: unknown = json
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[part] // an object or an array, which have their own fields by name
  }
  return value
}

function parsed(text: string): unknown {
  // What cannot be JSON is most of what there is; a parser that throws is dear.
  if (!/^\s*[[{"\-0-9tfn]/.test(text)) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

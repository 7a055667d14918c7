/**
 * Turns a call through `call_tool` into the call it stands for, before anything else looks at the request: from there on it is checked,
 * held, answered and logged as if the client had named the tool itself, whichever way it then goes.
 */
import type { IncomingMessage } from 'node:http'
import type { Json } from '../upstreams/connection.ts'
import type { View } from '../sessions/view.ts'
import { metaToolsOf } from './meta-tools.ts'

/** What such a call names, as far as it can be read; null for what is not one, or not well formed. */
export function namedCall(view: View, params: Json): { name: string; args: Json | undefined } | null {
  const { kinds } = metaToolsOf(view)
  if (typeof params['name'] !== 'string' || kinds.get(params['name']) !== 'call_tool' || !isObject(params['arguments'])) return null
  const { name, arguments: given } = params['arguments']
  const args = typeof given === 'string' ? parsed(given) : given
  if (typeof name !== 'string' || kinds.has(name) || (args !== undefined && !isObject(args))) return null
  return { name, args }
}

/** The body as it is to be read from here on, and whether anything in it was turned. */
export function unwrapped(view: () => View, request: IncomingMessage, body: unknown): { body: unknown; turned: boolean } {
  if (Array.isArray(body)) {
    const messages = body.map((message: unknown) => turned(view, request, message))
    return messages.some((message) => message !== null)
      ? { body: messages.map((message, at) => message ?? (body[at] as unknown)), turned: true }
      : { body, turned: false }
  }
  const message = turned(view, request, body)
  return message === null ? { body, turned: false } : { body: message, turned: true }
}

function turned(view: () => View, request: IncomingMessage, message: unknown): Json | null {
  if (!isObject(message) || message['method'] !== 'tools/call' || !isObject(message['params'])) return null
  const { params } = message
  const named = namedCall(view(), params)
  if (named === null) return null
  // The stateless era says the name in a header too, which is compared with the body later on: one that differs stays as it came.
  const said = request.headers['mcp-name']
  if (said !== undefined && said !== params['name']) return null
  if (said !== undefined) request.headers['mcp-name'] = asHeader(named.name)
  const { arguments: _, ...rest } = params
  return { ...message, params: { ...rest, name: named.name, ...(named.args === undefined ? {} : { arguments: named.args }) } }
}

/** What does not fit a header is written as the specification has it. */
function asHeader(name: string): string {
  return /^[\x21-\x7e]+$/.test(name) ? name : `=?base64?${Buffer.from(name).toString('base64')}?=`
}

/** Models like to write an object as a text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

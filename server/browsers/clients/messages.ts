/** What is said in the DevTools protocol, as far as it passes between a program and the browser. */

export type Fields = Readonly<Record<string, unknown>>

/** What a program asks for. */
export interface Command {
  id: number
  method: string
  params: Fields
  /** Left out for the attachment that the connection stands for. */
  sessionId?: string
}

export interface ProtocolError {
  code: number
  message: string
}

export interface TargetInfo {
  targetId: string
  type: string
  url: string
  openerId?: string
  parentId?: string
  browserContextId?: string
}

/** Chromium's own words and numbers, so that a program takes them as it would there. */
export const sessionNotFound: ProtocolError = { code: -32_001, message: 'Session with given id not found.' }
export const targetNotFound: ProtocolError = { code: -32_602, message: 'No target with given id found' }
export const contextNotFound: ProtocolError = { code: -32_602, message: 'Failed to find browser context with given id' }
const notJson: ProtocolError = { code: -32_700, message: 'Message must be a valid JSON' }
const noId: ProtocolError = { code: -32_600, message: "Message must have integer 'id' property" }
const noMethod: ProtocolError = { code: -32_600, message: "Message must have string 'method' property" }
const badParams: ProtocolError = { code: -32_600, message: "Message's 'params' must be an object" }

/** A refusal of ours, in words for whoever wrote the program. */
export const refusal = (message: string): ProtocolError => ({ code: -32_000, message })

/** Reads what a program has sent. An error with the id that it belongs to, as far as there is one. */
export function readCommand(text: string): Command | { id?: number; error: ProtocolError } {
  const message = fieldsOf(readJson(text))
  if (message === null) return { error: notJson }
  const { id, method, params = {}, sessionId } = message
  if (typeof id !== 'number' || !Number.isInteger(id)) return { error: noId }
  if (typeof method !== 'string') return { id, error: noMethod }
  const given = fieldsOf(params)
  if (given === null) return { id, error: badParams }
  if (sessionId === undefined || sessionId === '') return { id, method, params: given }
  return typeof sessionId === 'string' ? { id, method, params: given, sessionId } : { id, error: sessionNotFound }
}

export function fieldsOf(value: unknown): Fields | null {
  // Whatever is an object and no list has fields by name.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null
}

/** The target that a message tells of; null when it tells of none. */
export function targetInfoOf(params: Fields): TargetInfo | null {
  const info = fieldsOf(params['targetInfo'])
  // Chromium's own, whose fields are those of its protocol.
  return info !== null && typeof info['targetId'] === 'string' ? (info as unknown as TargetInfo) : null
}

export function paramsOf(message: Buffer): Fields {
  return fieldsOf(fieldsOf(readJson(message.toString('utf8')))?.['params']) ?? {}
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

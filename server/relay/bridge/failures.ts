/** What went wrong on the way, and what the client is told in place of an answer. */
import { isObject, refusal, requestIds, type Json, type RequestId } from './messages.ts'

/** The server has answered, and not with what was asked for. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal'
  readonly status: number
  readonly text: string

  constructor(status: number, text: string) {
    super(`Wheelhouse answered ${status}`)
    this.status = status
    this.text = text
  }
}

/** The answer was on its way, and its rest cannot be had any more. */
export class CutOff extends Error {
  override readonly name = 'CutOff'

  constructor() {
    super('Wheelhouse went away before it had answered: what was asked may have been done. Look before you ask again')
  }
}

const notThere = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])

/** Whether it may be sent again: it never got there, or does nothing that could be done twice. */
export function mayRepeat(method: string | undefined, error: unknown): boolean {
  return method !== 'tools/call' || isNotThere(error)
}

/** One for each request of the message. */
export function refusalsFor(message: unknown, error: unknown): Json[] {
  return requestIds(message).map((id) => refusalOf(id, error))
}

function refusalOf(id: RequestId, error: unknown): Json {
  if (!(error instanceof HttpRefusal)) {
    const words = error instanceof Error ? error.message : String(error)
    return refusal(id, -32000, isNotThere(error) ? 'Wheelhouse cannot be reached: start it, or check its address' : words)
  }
  if (error.status === 401) return refusal(id, -32000, 'This session is over or was revoked: make a new one in Wheelhouse, under Relay')
  const said = parsed(error.text)
  const inside = isObject(said) ? said['error'] : undefined
  if (isObject(inside) && typeof inside['code'] === 'number' && typeof inside['message'] === 'string')
    return refusal(id, inside['code'], inside['message'], inside['data'])
  return refusal(id, -32000, typeof inside === 'string' ? inside : error.message)
}

/** It never got there. */
export function isNotThere(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return isObject(cause) && notThere.has(String(cause['code']))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

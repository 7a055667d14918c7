/**
 * What the library throws or ends with, as the room knows it. It puts a code of WhatsApp's into `data`, one of its own into
 * `output.statusCode`.
 */
import { Fault } from '../../../fault.ts'
import { reasonOf } from '../../../isolation.ts'
import { BotFault } from '../../fault.ts'
import type { Close } from '../engine.ts'
import { closeOf, type CloseFacts, lost, refusalOf, unanswered } from '../whatsapp-codes.ts'

/** Why the library has closed; nothing is given when we did it. */
export function closeOfError(error: unknown, now: number): Close {
  if (typeof error !== 'object' || error === null) return closeOf(0)
  const code = libraryCode(error) ?? 500
  return closeOf(Number.isInteger(code) ? code : 500, {
    words: error instanceof Error ? error.message : '',
    ...banOf(Reflect.get(error, 'data'), now),
  })
}

/** Of a call: a refusal of the server, or what became of the connection. */
export function problemOf(error: unknown, refused: (code: number) => Fault = refusalOf): unknown {
  if (error instanceof Fault || typeof error !== 'object' || error === null) return error
  const code = serverCode(error)
  if (code !== null && Number.isInteger(code)) return refused(code)
  const own = libraryCode(error) ?? 0
  if (own === 428) return lost()
  return own === 408 ? unanswered() : error
}

/** Of a question: what the library throws over an answer that it cannot read is WhatsApp's, and what the disk says is not. */
export function answerProblemOf(error: unknown, refused?: (code: number) => Fault): unknown {
  const problem = problemOf(error, refused)
  if (problem instanceof Fault || !(problem instanceof Error) || 'errcode' in problem) return problem
  const words = `WhatsApp answered with something that cannot be read here: ${reasonOf(problem)}`
  return new BotFault('whatsapp-refused', words, {}, { cause: problem })
}

/** Words for what went wrong with a passkey. */
export function passkeyWords(error: unknown): string {
  if (error instanceof Fault) return error.message
  const code = serverCode(error)
  return code === null ? 'The connection ended while the passkey was handed over' : `WhatsApp did not take the passkey (${code})`
}

/** Seconds; what is longer is no time that anybody means. */
const longestBan = 10 * 365 * 86_400

/** The library hands on what stands in a failure: `code`, and `expire` in seconds from now. */
function banOf(failure: unknown, now: number): Pick<CloseFacts, 'banEnds' | 'banCause'> {
  const [cause, expires] = ['code', 'expire'].map((name) => Number(Reflect.get(Object(failure), name)))
  const isTold = expires !== undefined && expires > 0 && expires < longestBan
  return { banCause: cause || null, banEnds: isTold ? now + expires * 1_000 : null }
}

function serverCode(error: unknown): number | null {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'data') : undefined
  return typeof code === 'number' ? code : null
}

function libraryCode(error: object): number | null {
  const output: unknown = Reflect.get(error, 'output')
  return typeof output === 'object' && output !== null ? Number(Reflect.get(output, 'statusCode')) : null
}

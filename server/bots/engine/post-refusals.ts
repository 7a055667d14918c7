/** A post that nobody queued: whoever asked for it waits, so that a refusal is an answer and not a state. */
import { Fault } from '../../fault.ts'
import { BotFault } from '../fault.ts'

/** Of what `send` of the connection throws. Whatever is no refusal is given back as it is. */
export function postProblem(error: unknown, refusalOf: (code: number, words: string) => Fault = postRefusalOf): unknown {
  if (!(error instanceof Fault) || (error.code !== 'message-refused' && error.code !== 'message-held')) return error
  return refusalOf(Number(error.details['code']), error.message)
}

function postRefusalOf(code: number, words: string): Fault {
  if (code === 429 || code === 503) return new BotFault('whatsapp-overloaded', words, { code, retryAfter: 60 })
  return new BotFault('whatsapp-refused', words, { code })
}

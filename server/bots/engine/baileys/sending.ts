/** Sending: a message is sent when WhatsApp says that it has it, and the library neither waits for that nor says why it has not. */
import type { BinaryNode } from 'baileys'
import { inTime } from '../../../async/deadline.ts'
import type { Fault } from '../../../fault.ts'
import { escape } from '../../../isolation.ts'
import type { Connection, Written } from '../engine.ts'
import { lost, noNewChats, refusalOf, restricted, unanswered } from '../whatsapp-codes.ts'
import { answerProblemOf, problemOf } from './errors.ts'
import type { AskRestriction } from './restrictions.ts'
import { write, type WritingParts } from './writing.ts'

export interface Sender {
  send: Connection['send']
  /**
   * An answer of the server, or what became of the connection: the library would wait for another minute. Throws what `refused` makes of a
   * refusal's code, and `whatsapp-refused` for an answer that cannot be read.
   */
  answered<Answer>(answer: Promise<Answer>, refused?: (code: number) => Fault): Promise<Answer>
  /** The connection is over: nobody will hear of what is under way. */
  end(): void
}

export interface SenderParts extends WritingParts {
  restrictions: AskRestriction
  /** Hears of a refusal for which nobody waits any more: of a message that an earlier connection has sent. */
  refused(messageId: string, refusal: Fault): void
}

/** Ms in which the server says that it has a message. */
const longestAnswer = 30_000

export function createSender({ restrictions, refused, ...parts }: SenderParts): Sender {
  const { library, socket } = parts
  const waiting = new Map<string, PromiseWithResolvers<void>>()
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})

  socket.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => {
    const { id = '', error } = attrs
    const answer = waiting.get(id)
    if (error === undefined) return answer?.resolve()
    const refuse = (refusal: Fault): void => (answer === undefined ? refused(id, refusal) : answer.reject(refusal))
    const refusal = refusalOf(Number(error))
    if (Number(error) !== noNewChats) return refuse(refusal)
    // It may be this chat alone, or an account that may begin none for a while.
    restrictions.isRestricted().then((isRestricted) => refuse(isRestricted ? restricted() : refusal), escape)
  })

  async function acknowledged(id: string, answer: Promise<void>): Promise<void> {
    try {
      await inTime(longestAnswer, Promise.race([answer, over.promise]), unanswered)
    } finally {
      waiting.delete(id)
    }
  }

  return {
    async send(chat, content, options): Promise<Written> {
      const { id } = options
      const answer = Promise.withResolvers<void>()
      answer.promise.catch(() => {})
      waiting.set(id, answer)
      try {
        // A connection that ends leaves the library waiting for answers for another minute.
        const message = await Promise.race([write(parts, chat, content, options), over.promise])
        const confirmed = acknowledged(id, answer.promise)
        confirmed.catch(() => {})
        return { encoded: library.proto.Message.encode(message).finish(), confirmed }
      } catch (error) {
        waiting.delete(id)
        throw problemOf(error)
      }
    },
    answered: (answer, meaning) =>
      inTime(longestAnswer, Promise.race([answer, over.promise]), unanswered).catch((error: unknown) => {
        throw answerProblemOf(error, meaning)
      }),
    end: () => over.reject(lost()),
  }
}

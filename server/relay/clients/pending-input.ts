/**
 * A call that waits for its client. A server of the session era asks its question in the middle of a call; a client of the stateless era
 * answers it with a second request. Between the two the call stands here, on the connection it has for itself.
 */
import { ProtocolError } from '@modelcontextprotocol/server'
import { randomToken } from '../../secrets/random.ts'
import type { Json, Message } from '../upstreams/connection.ts'

export type Outcome = { kind: 'done'; result: Json } | { kind: 'asked'; requests: Record<string, Json>; state: string }

const keepFor = 600_000
const keepAtMost = 1_000

/** How a call ended. */
type Ending = { result: Json } | { error: unknown }

interface Question {
  message: Message
  answer(value: Json): void
  refuse(error: Error): void
}

class Conversation {
  readonly sessionId: string
  readonly tool: string
  readonly #questions = new Map<string, Question>()
  #count = 0
  #changed: () => void = () => undefined
  #outcome: Ending | undefined
  readonly #end: () => void
  readonly #given = new AbortController()

  constructor(sessionId: string, tool: string, end: () => void) {
    this.sessionId = sessionId
    this.tool = tool
    this.#end = end
  }

  /** Aborted when nobody is to answer any more. */
  get abandoned(): AbortSignal {
    return this.#given.signal
  }

  run(work: Promise<Json>): void {
    work.then(
      (result) => this.#finish({ result }),
      (error: unknown) => this.#finish({ error }),
    )
  }

  ask(message: Message): Promise<Json> {
    return new Promise((answer, refuse) => {
      this.#count += 1
      this.#questions.set(`question-${this.#count}`, { message, answer, refuse })
      this.#changed()
    })
  }

  /** Hands answers to the questions they are for; what was not answered is asked again. */
  answer(responses: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(responses)) {
      const question = this.#questions.get(key)
      if (question === undefined || typeof value !== 'object' || value === null) continue
      this.#questions.delete(key)
      // An answer is an object, as the line before makes sure; what it holds is between client and server.
      question.answer(value as Json)
    }
  }

  /** Resolves when the server has answered or wants to know something. */
  async next(): Promise<{ result: Json } | { requests: Record<string, Json> }> {
    if (this.#outcome === undefined && this.#questions.size === 0) await new Promise<void>((resolve) => (this.#changed = resolve))
    if (this.#outcome === undefined)
      return {
        requests: Object.fromEntries(
          [...this.#questions].map(([key, { message }]) => [key, { method: message.method, params: message.params ?? {} }]),
        ),
      }
    if ('error' in this.#outcome) throw this.#outcome.error
    return this.#outcome
  }

  abandon(): void {
    for (const { refuse } of this.#questions.values()) refuse(new Error('The client did not answer'))
    this.#questions.clear()
    // The server hears that its work is in vain before the connection ends: one of the session era goes on with it otherwise.
    this.#given.abort(new Error('The client took the call back'))
    setImmediate(this.#end)
  }

  #finish(outcome: Ending): void {
    this.#outcome = outcome
    this.#end()
    this.#changed()
  }
}

interface Pending {
  conversation: Conversation
  timer: NodeJS.Timeout
}

export class PendingInputs {
  readonly #byState = new Map<string, Pending>()

  /**
   * `start` is given how the server's questions are taken, and when its work is in vain; `end` is called once the connection is no longer
   * needed. `signal` is that of the client's request: aborted while the server works, it takes the call back.
   */
  async begin(
    { sessionId, tool, signal }: { sessionId: string; tool: string; signal: AbortSignal },
    start: (ask: (message: Message) => Promise<Json>, abandoned: AbortSignal) => Promise<Json>,
    end: () => void,
  ): Promise<Outcome> {
    const conversation = new Conversation(sessionId, tool, end)
    conversation.run(start((message) => conversation.ask(message), conversation.abandoned))
    return this.#proceed(conversation, signal)
  }

  /** A later round. The state is a handle that only its own session may use, and only once. */
  async resume(
    { sessionId, tool, signal }: { sessionId: string; tool: string; signal: AbortSignal },
    state: string,
    responses: Readonly<Record<string, unknown>>,
  ): Promise<Outcome> {
    const pending = this.#find({ sessionId, tool }, state)
    if (pending === undefined) throw new ProtocolError(-32602, 'Invalid or expired requestState', { reason: 'invalid_request_state' })
    clearTimeout(pending.timer)
    this.#byState.delete(state)
    pending.conversation.answer(responses)
    return this.#proceed(pending.conversation, signal)
  }

  /** The client's answer is not to reach the server: it waits for none any more. */
  giveUp(of: { sessionId: string; tool: string }, state: string): void {
    if (this.#find(of, state) !== undefined) this.#abandon(state)
  }

  /** The session is over: nobody comes back. */
  end(sessionId: string): void {
    for (const [state, { conversation }] of this.#byState) if (conversation.sessionId === sessionId) this.#abandon(state)
  }

  stop(): void {
    for (const [state] of this.#byState) this.#abandon(state)
  }

  #find({ sessionId, tool }: { sessionId: string; tool: string }, state: string): Pending | undefined {
    const pending = this.#byState.get(state)
    return pending?.conversation.sessionId === sessionId && pending.conversation.tool === tool ? pending : undefined
  }

  async #proceed(conversation: Conversation, signal: AbortSignal): Promise<Outcome> {
    const onAbort = (): void => conversation.abandon()
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    const next = await conversation.next().finally(() => signal.removeEventListener('abort', onAbort))
    if ('result' in next) return { kind: 'done', result: next.result }
    const oldest = this.#byState.size >= keepAtMost ? this.#byState.keys().next().value : undefined
    if (oldest !== undefined) this.#abandon(oldest)
    const state = `pending-${randomToken(27)}`
    this.#byState.set(state, { conversation, timer: setTimeout(() => this.#abandon(state), keepFor).unref() })
    return { kind: 'asked', requests: next.requests, state }
  }

  #abandon(state: string): void {
    const pending = this.#byState.get(state)
    if (pending === undefined) return
    clearTimeout(pending.timer)
    this.#byState.delete(state)
    pending.conversation.abandon()
  }
}

export function isPendingInput(state: string): boolean {
  return state.startsWith('pending-')
}

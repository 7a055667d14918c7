/**
 * The plain calls of one client that are under way. A call does not end with the connection it came over: it is ended by a word of the
 * client, or with the client itself.
 */
import type { RequestId } from '@modelcontextprotocol/server'

export interface RunningCall {
  signal: AbortSignal
  /** For a client whose connection is the call. */
  abort(reason: Error): void
  end(): void
}

/** The client has taken its request back. */
export class Cancelled extends Error {
  /** As the language server protocol has it; this one has no code of its own. */
  readonly code = -32800
  constructor() {
    super('Request cancelled')
  }
}

/** The client, or its session, is over. */
export class ClientEnded extends Error {
  readonly code = -32001
  constructor() {
    super('Session not found')
  }
}

export class RunningCalls {
  readonly #calls = new Set<{ id: RequestId; ending: AbortController }>()

  get size(): number {
    return this.#calls.size
  }

  begin(id: RequestId): RunningCall {
    const call = { id, ending: new AbortController() }
    this.#calls.add(call)
    return { signal: call.ending.signal, abort: (reason) => call.ending.abort(reason), end: () => void this.#calls.delete(call) }
  }

  /** Ids are the client's own; one that names nothing under way comes too late, which is no error. */
  cancel(id: unknown): void {
    for (const call of this.#calls) if (call.id === id) call.ending.abort(new Cancelled())
  }

  endAll(): void {
    for (const { ending } of this.#calls) ending.abort(new ClientEnded())
  }
}

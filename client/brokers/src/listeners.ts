/** Who listens to a client, and what they are told. */
import type { BrokerError, ClientState } from './types.ts'

export interface ClientEvents {
  state(state: ClientState): void
  error(error: Error): void
  /** The connection ended, or none came about: the reason, before it is tried again. */
  lost(reason: BrokerError): void
  log(text: string, at: number): void
  /** A message came for which there is no handler. It stays with the server until there is one. */
  unhandled(topic: string, messageId: string): void
}

export class Listeners {
  readonly #sets: { [Event in keyof ClientEvents]: Set<ClientEvents[Event]> } = {
    state: new Set(),
    error: new Set(),
    lost: new Set(),
    log: new Set(),
    unhandled: new Set(),
  }

  /** Returns what ends the listening. */
  add<Event extends keyof ClientEvents>(event: Event, listener: ClientEvents[Event]): () => void {
    this.#sets[event].add(listener)
    return () => void this.#sets[event].delete(listener)
  }

  tell<Event extends keyof ClientEvents>(event: Event, ...facts: Parameters<ClientEvents[Event]>): void {
    for (const listener of this.#sets[event]) {
      try {
        // One listener type for each event, which the compiler cannot follow through the loop.
        const call = listener as (...facts: Parameters<ClientEvents[Event]>) => void
        call(...facts)
      } catch (error) {
        // Its own fault, and not to stand in the way of the client's work.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}

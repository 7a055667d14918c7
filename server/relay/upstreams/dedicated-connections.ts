/**
 * Connections to one server that are one client's alone. A client that can be asked things gets its own: on a shared one nobody could tell
 * whom the server means. What goes wrong on one of them ends it and nothing else; the client's next request opens another.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientCapabilities } from '@modelcontextprotocol/client'
import { escape, within } from '../../isolation.ts'
import type { Json, Message, UpstreamConnection, UpstreamConnectionOptions } from './connection.ts'
import { openConnection } from './open-connection.ts'
import type { Reach } from './shared-connection.ts'

/** What the client can do, who answers what the server asks of it, and who hears what it says. */
export interface DedicatedClient {
  /** Names it where an error came from its connection; never a secret. */
  id: string
  capabilities: ClientCapabilities
  onNotification(message: Message): void
  onRequest(message: Message, signal: AbortSignal): Promise<Json>
  /** The connection is gone, whoever ended it but the client itself. */
  onEnd(): void
}

export interface DedicatedConnectionsParts {
  /** How the server is reached; `signal` ends a connection that is being made. */
  reach(signal: AbortSignal): Reach
  isModern(): boolean
  note(text: string): void
}

export class DedicatedConnections {
  readonly #parts: DedicatedConnectionsParts
  /** With what tells the client of each that its connection is gone. */
  readonly #all = new Map<UpstreamConnection, () => void>()
  /** They belong to the server, whichever call opened them. */
  readonly #outside = AsyncLocalStorage.snapshot()

  constructor(parts: DedicatedConnectionsParts) {
    this.#parts = parts
  }

  /** In the era with requests towards the client where the server has it. Throws when `stopped` aborts meanwhile. */
  async open(client: DedicatedClient, stopped: AbortSignal): Promise<UpstreamConnection> {
    const attempt = new AbortController()
    const signal = AbortSignal.any([stopped, attempt.signal])
    /** Filled once it is open: what goes wrong may be heard of before. */
    const own: { connection?: UpstreamConnection } = {}
    const gone = (): void => {
      if (own.connection !== undefined && this.#all.delete(own.connection)) client.onEnd()
    }
    const escaped = (_: Error, reason: string): void => {
      this.#parts.note(`a client's connection caused an error here: ${reason}`)
      attempt.abort(new Error(reason))
      own.connection?.close().catch(escape)
      gone()
    }
    const { id, capabilities, onNotification, onRequest } = client
    const connection = await this.#outside(() =>
      within({ room: 'relay', kind: 'client', id, escaped }, () =>
        this.#connect({ ...this.#parts.reach(signal), capabilities, onNotification, onRequest }),
      ),
    )
    if (signal.aborted) {
      await connection.close()
      throw signal.reason
    }
    own.connection = connection
    this.#all.set(connection, client.onEnd)
    connection.whenEnded(gone)
    return connection
  }

  async close(connection: UpstreamConnection): Promise<void> {
    this.#all.delete(connection)
    await connection.close()
  }

  /** Closes all and tells the clients, so that their next request opens new ones. */
  async end(): Promise<void> {
    const ended = [...this.#all]
    this.#all.clear()
    for (const [, onEnd] of ended) onEnd()
    await Promise.all(ended.map(([connection]) => connection.close()))
  }

  #connect(options: UpstreamConnectionOptions): Promise<UpstreamConnection> {
    return openConnection({ ...options, era: 'legacy' }).catch((error: unknown) => {
      if (!this.#parts.isModern()) throw error
      return openConnection(options)
    })
  }
}

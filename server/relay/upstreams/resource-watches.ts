/** Resources of one server whose changes somebody wants to hear of; the server is asked once for all of them. */
import type { Json, Message, UpstreamConnection } from './connection.ts'

export interface ResourceWatchesParts {
  connection(): UpstreamConnection | undefined
  request(message: Message): Promise<Json>
  note(text: string): void
}

export class ResourceWatches {
  readonly #parts: ResourceWatchesParts
  /** How many watch each address. */
  readonly #counts = new Map<string, number>()
  /** A server of the stateless era tells of changes on a stream of its own. */
  #endListening: (() => Promise<void>) | undefined

  constructor(parts: ResourceWatchesParts) {
    this.#parts = parts
  }

  /** Asks the server to tell of changes of a resource while anyone wants to know. */
  async watch(uri: string): Promise<void> {
    const count = this.#counts.get(uri) ?? 0
    this.#counts.set(uri, count + 1)
    if (count > 0) return
    try {
      await this.#ask('resources/subscribe', uri)
    } catch (error) {
      // Nobody watches what the server has refused; the next who asks is to hear that from the server too.
      this.#counts.delete(uri)
      throw error
    }
  }

  async unwatch(uri: string): Promise<void> {
    const count = this.#counts.get(uri) ?? 0
    if (count > 1) this.#counts.set(uri, count - 1)
    else if (this.#counts.delete(uri)) await this.#ask('resources/unsubscribe', uri)
  }

  /** A new connection knows of none: the server is asked again. */
  async renew(connection: UpstreamConnection): Promise<void> {
    if (connection.era === 'modern') return this.#listen(connection)
    for (const uri of this.#counts.keys()) this.#parts.request({ method: 'resources/subscribe', params: { uri } }).catch(() => undefined)
  }

  async #ask(method: string, uri: string): Promise<void> {
    const connection = this.#parts.connection()
    if (connection === undefined) return
    if (connection.era === 'modern') await this.#listen(connection)
    else await this.#parts.request({ method, params: { uri } })
  }

  async #listen(connection: UpstreamConnection): Promise<void> {
    await this.#endListening?.().catch(() => undefined)
    this.#endListening = undefined
    try {
      this.#endListening = await connection.listen([...this.#counts.keys()])
    } catch (error) {
      this.#parts.note(`it does not announce changes: ${String(error)}`)
    }
  }
}

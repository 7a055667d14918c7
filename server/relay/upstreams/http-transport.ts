/** The SDK's way to a remote MCP server over Streamable HTTP, without its waits that have no end, and with a goodbye. */
import { StreamableHTTPClientTransport, type Transport } from '@modelcontextprotocol/client'
import { isDoneWithin } from '../../async/deadline.ts'

type Listener = NonNullable<Transport['onmessage']>
type Send = StreamableHTTPClientTransport['send']

/** Ms that a server has to take note that a session has ended. */
const graceForGoodbye = 1_000
const cutOff = { code: -32_000, message: 'The connection was cut before the answer came' }

export class HttpTransport extends StreamableHTTPClientTransport {
  /** Ids of requests without an answer; some servers answer a number by its text. */
  readonly #waiting = new Set<string>()

  constructor(...given: ConstructorParameters<typeof StreamableHTTPClientTransport>) {
    super(...given)
    let hear: Listener | undefined
    Object.defineProperty(this, 'onmessage', {
      get: () => hear,
      set: (listener: Listener | undefined) => {
        hear =
          listener === undefined
            ? undefined
            : (message, extra) => {
                if ('id' in message && !('method' in message)) this.#waiting.delete(String(message.id))
                listener(message, extra)
              }
      },
    })
  }

  /** A stream that ends without the answer, and cannot be taken up again, would leave whoever asked to his time-out. */
  override async send(...[message, options]: Parameters<Send>): Promise<void> {
    // Whoever wants to hear of the end himself has no other answer to wait for.
    if (Array.isArray(message) || !('method' in message) || !('id' in message) || options?.onRequestStreamEnd !== undefined)
      return super.send(message, options)
    const { id } = message
    this.#waiting.add(String(id))
    const onRequestStreamEnd = (): void => {
      if (this.#waiting.has(String(id))) this.onmessage?.({ jsonrpc: '2.0', id, error: cutOff })
    }
    try {
      await super.send(message, { ...options, onRequestStreamEnd })
    } catch (error) {
      this.#waiting.delete(String(id))
      throw error
    }
  }

  /** Tells the server that its session is of no more use; one that does not care is not waited for. */
  async endSession(): Promise<void> {
    if (this.sessionId === undefined) return
    const told = this.terminateSession().catch(() => undefined)
    await isDoneWithin(graceForGoodbye, told)
  }
}

/** One connection to an MCP server: negotiated once, then a plain way to send requests and to hear what comes back. */
import {
  Client,
  SdkError,
  SdkErrorCode,
  SseError,
  type ClientCapabilities,
  type DiscoverResult,
  type RequestOptions,
  type ServerCapabilities,
  type StandardSchemaV1,
  type Transport,
} from '@modelcontextprotocol/client'
import { abortable } from '../../async/abortable.ts'
import { inTime } from '../../async/deadline.ts'
import { escape } from '../../isolation.ts'
import { Lifecycle } from '../../lifecycle.ts'
import { version } from '../../version.ts'
import { connectionLifecycle, type ConnectionEvent, type ConnectionState } from './connection-lifecycle.ts'
import type { Era, EraMemory } from './era.ts'
import { isNobodyThere } from './errors.ts'
import { firstGreeting, nextGreeting, type Greeting, type Setback, type Tried } from './greeting.ts'
import { HttpTransport } from './http-transport.ts'
import { answeredLate } from './late-answer.ts'
import { StdioTransport } from './stdio-transport.ts'
import { transportOf, type Way } from './transports.ts'

/** A message's body as it passes through: nobody here needs to know more of it. */
export type Json = Record<string, unknown>
export interface Message {
  method: string
  params?: Json | undefined
}

export interface UpstreamConnectionOptions extends Way {
  /** What the client at the other end can do for the server; decides which tools some servers show. */
  capabilities: ClientCapabilities
  /** The era it was found to speak before; taken note of when it is found out here. */
  eras: EraMemory
  /** Speaks this one first, whatever is known. */
  era?: Era | undefined
  signal: AbortSignal
  /** Takes secrets out of what a server says went wrong: an error's text may quote the address it was asked under. */
  redacted(text: string): string
  /** It is reached anew within the same start. */
  onAgain?: (() => void) | undefined
  onNotification(message: Message): void
  /** A request of the server to the client: sampling, elicitation, roots. */
  onRequest(message: Message, signal: AbortSignal): Promise<Json>
}

/** Passes every result as it is; a relay that validated them would have to be as new as the newest server. */
export const asJson: StandardSchemaV1<unknown, Json> = {
  '~standard': { version: 1, vendor: 'wheelhouse', validate: (value) => ({ value: value as Json }) },
}

export class UpstreamConnection {
  readonly #client: Client
  readonly #transport: Transport
  readonly #redacted: UpstreamConnectionOptions['redacted']
  readonly #life: Lifecycle<ConnectionState, ConnectionEvent>
  /** Why it broke. */
  #reason = ''
  /** Requests without an answer yet. */
  #running = 0
  /** It answers, and is heard no more between requests. */
  #unheard = false
  #onEnd: ((reason: string) => void) | undefined

  private constructor(client: Client, transport: Transport, { redacted, onLog }: UpstreamConnectionOptions) {
    this.#client = client
    this.#transport = transport
    this.#redacted = redacted
    this.#life = new Lifecycle(connectionLifecycle, {
      facts: () => undefined,
      onTransition: (from, to) => {
        if (from === 'broken' || to !== 'broken') return
        this.#putAway().catch(escape)
        this.#onEnd?.(this.#reason)
      },
      onIllegal: (state, event) => onLog(`illegal transition of a connection: ${event} while ${state}`),
    })
  }

  /** Opens one within the start time-out of the server, in the era it speaks. */
  static async open(options: UpstreamConnectionOptions): Promise<UpstreamConnection> {
    const { startTimeout } = options.definition.options
    const late = new AbortController()
    const opening = UpstreamConnection.#negotiate(
      { ...options, signal: AbortSignal.any([options.signal, late.signal]) },
      startTimeout * 1_000,
    )
    try {
      // For all of it: some of the SDK's waits, such as that for the first event of a stream, have no end of their own.
      return await inTime(startTimeout * 1_000, opening, () => new Error(`It does not answer, ${startTimeout} s after it was started`))
    } catch (error) {
      late.abort(error)
      await opening.then(
        (connection) => connection.close(),
        () => undefined,
      )
      throw error
    }
  }

  static async #negotiate(options: UpstreamConnectionOptions, startTimeout: number): Promise<UpstreamConnection> {
    const { definition, eras, era, onLog, onAgain } = options
    const tried: Tried[] = []
    // The older of the two remote transports belongs to the older era.
    let greeting = firstGreeting(era ?? (definition.transport === 'sse' ? 'legacy' : eras.known), startTimeout)
    for (;;) {
      const outcome = await UpstreamConnection.#greet(options, greeting, startTimeout)
      if (outcome instanceof UpstreamConnection) {
        // Of a remote server silence says as little as of a slow one.
        const sure = definition.transport === 'stdio' || !tried.some(({ setback }) => setback.how === 'silent')
        if (era === undefined) eras[sure ? 'learned' : 'suspect'](outcome.era)
        return outcome
      }
      tried.push({ greeting, setback: outcome.setback })
      const next = nextGreeting(tried, startTimeout)
      if (next === null) throw outcome.error
      if (outcome.setback.how === 'gone' && next.way === 'greet') {
        onLog(`${outcome.error.message} when it was asked which protocol it speaks; started anew without that question`)
        eras.suspect('legacy')
      }
      onAgain?.()
      greeting = next
    }
  }

  static async #greet(
    options: UpstreamConnectionOptions,
    greeting: Greeting,
    timeout: number,
  ): Promise<UpstreamConnection | { setback: Setback; error: Error }> {
    const { capabilities, signal, onLog, onNotification, onRequest } = options
    const transport = await transportOf(options)
    const client = new Client(
      { name: 'wheelhouse-relay', version },
      {
        capabilities,
        versionNegotiation: greeting.way === 'ask' ? { mode: 'auto', probe: { timeoutMs: greeting.patience } } : { mode: 'legacy' },
        // Input a server asks for is the far client's to give.
        inputRequired: { autoFulfill: false },
      },
    )
    const connection = new UpstreamConnection(client, transport, options)
    client.fallbackNotificationHandler = async ({ method, params }) => onNotification({ method, params })
    client.fallbackRequestHandler = async ({ method, params }, { mcpReq }) => onRequest({ method, params }, mcpReq.signal)
    client.onerror = (error) => {
      if (connection.#life.state === 'closed') return
      onLog(error.message)
      // The SDK has given up on the stream of announcements: a server that is not heard is greeted anew.
      if (givenUp.test(error.message)) connection.#unhear()
      // The stream would come back by itself, but as another session, in which nothing has been negotiated.
      if (error instanceof SseError) connection.#break('The connection was cut')
    }
    client.onclose = () => connection.#break(transport instanceof StdioTransport ? transport.reason : 'The connection was closed')
    const late = transport instanceof StdioTransport && greeting.way === 'ask' ? answeredLate(transport) : null
    // The SDK heeds a signal in some of its waits only.
    const connecting = abortable(
      client.connect(transport, {
        ...{ timeout, signal },
        // What came late is what a question would be answered with; the SDK checks that it is.
        ...(greeting.way === 'adopt' ? { prior: { kind: 'modern', discover: greeting.answer as DiscoverResult } } : {}),
      }),
      signal,
    )
    try {
      const answer = late === null ? await connecting : await Promise.race([connecting, late.answer])
      if (answer === undefined) {
        connection.#life.handle('negotiated')
        return connection
      }
      connecting.catch(() => undefined)
      await connection.close()
      return { setback: { how: 'late', answer }, error: new Error('It answers too late') }
    } catch (error) {
      const setback = setbackOf(error, transport, signal)
      await connection.close()
      // Its end tells more than that the connection was closed.
      const ended = transport instanceof StdioTransport && setback.how === 'gone' ? new Error(transport.reason, { cause: error }) : error
      return { setback, error: ended instanceof Error ? ended : new Error(String(ended)) }
    } finally {
      late?.stop()
    }
  }

  /**
   * Calls once when the connection breaks, at once when it has: the SDK closes some connections while they are being made, before whoever
   * opened them has hold of them. Not called for one that was closed from here.
   */
  whenEnded(listener: (reason: string) => void): void {
    if (this.#life.state === 'broken') listener(this.#reason)
    else this.#onEnd = listener
  }

  get era(): Era {
    return this.#client.getProtocolEra() === 'modern' ? 'modern' : 'legacy'
  }
  get protocol(): string | null {
    return this.#client.getNegotiatedProtocolVersion() ?? null
  }
  get capabilities(): ServerCapabilities {
    return this.#client.getServerCapabilities() ?? {}
  }
  get instructions(): string | undefined {
    return this.#client.getInstructions()
  }
  get pid(): number | null {
    return this.#transport instanceof StdioTransport ? this.#transport.pid : null
  }

  async request(message: Message, options: RequestOptions = {}): Promise<Json> {
    this.#running += 1
    try {
      return await this.#client.request(
        { method: message.method, ...(message.params === undefined ? {} : { params: message.params }) },
        asJson,
        { ...options, allowInputRequired: true },
      )
    } catch (error) {
      // In place: what kind of error it is decides what becomes of the connection.
      if (error instanceof Error) error.message = this.#redacted(error.message)
      throw error
    } finally {
      this.#running -= 1
      this.#breakIfUnheard()
    }
  }

  notify(message: Message): Promise<void> {
    return this.#client.notification({ method: message.method, ...(message.params === undefined ? {} : { params: message.params }) })
  }

  /** Change announcements of a server of the stateless era come on a stream that has to be asked for. */
  async listen(resources: readonly string[]): Promise<() => Promise<void>> {
    const { tools, prompts, resources: offered } = this.capabilities
    const subscription = await this.#client.listen({
      ...(tools?.listChanged === true ? { toolsListChanged: true } : {}),
      ...(prompts?.listChanged === true ? { promptsListChanged: true } : {}),
      ...(offered?.listChanged === true ? { resourcesListChanged: true } : {}),
      ...(resources.length === 0 ? {} : { resourceSubscriptions: [...resources] }),
    })
    return () => subscription.close()
  }

  async close(): Promise<void> {
    this.#life.handle('close')
    if (this.#transport instanceof HttpTransport) await this.#transport.endSession()
    await this.#putAway()
  }

  /** Its answers come on streams of their own: what runs is waited for. */
  #unhear(): void {
    this.#unheard = true
    this.#breakIfUnheard()
  }

  #breakIfUnheard(): void {
    if (this.#unheard && this.#running === 0) this.#break('The connection was cut')
  }

  #break(reason: string): void {
    if (this.#reason === '') this.#reason = reason
    this.#life.handle('broke')
  }

  async #putAway(): Promise<void> {
    await this.#client.close().catch(() => undefined)
    await this.#transport.close().catch(() => undefined)
  }
}

const givenUp = /^Maximum reconnection attempts/

function setbackOf(error: unknown, transport: Transport, signal: AbortSignal): Setback {
  if (signal.aborted) return { how: 'final' }
  if (transport instanceof StdioTransport) {
    if (transport.pid === null) return { how: 'final' }
    if (transport.hasEnded) return { how: 'gone' }
  }
  if (isNobodyThere(error)) return { how: 'final' }
  return { how: error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout ? 'silent' : 'refused' }
}

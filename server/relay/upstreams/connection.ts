/** One connection to an MCP server: negotiated once, then a plain way to send requests and to hear what comes back. */
import {
  Client,
  InMemoryTransport,
  SSEClientTransport,
  SseError,
  StreamableHTTPClientTransport,
  type AuthProvider,
  type ClientCapabilities,
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
import type { ProcessReaper } from './process-reaper.ts'
import { StdioTransport } from './stdio-transport.ts'
import type { UpstreamDefinition } from './definition.ts'

/** A message's body as it passes through: nobody here needs to know more of it. */
export type Json = Record<string, unknown>
export interface Message {
  method: string
  params?: Json | undefined
}

export interface UpstreamConnectionOptions {
  definition: UpstreamDefinition
  /** What the client at the other end can do for the server; decides which tools some servers show. */
  capabilities: ClientCapabilities
  reaper: ProcessReaper
  /** The server end of a built-in server, asked for with each connection. */
  builtIn?: () => Promise<Transport>
  /** Tokens for a remote server. */
  auth?: AuthProvider | undefined
  /** For remote servers: reaches what its address opens, and where redirects from there may lead. */
  fetch?: typeof fetch | undefined
  /** The protocol era found out by an earlier connection, so that it need not be probed again. */
  era?: Era | undefined
  signal: AbortSignal
  /** Takes secrets out of what a server says went wrong: an error's text may quote the address it was asked under. */
  redacted(text: string): string
  onLog(line: string): void
  onNotification(message: Message): void
  /** A request of the server to the client: sampling, elicitation, roots. */
  onRequest(message: Message, signal: AbortSignal): Promise<Json>
}

export type Era = 'modern' | 'legacy'

const connectTimeout = 30_000
/**
 * A server that does not know `server/discover` says so as soon as it runs, which for one that `npx` has to fetch first, or on a busy
 * machine, is a while after its process began. One that stays silent for all of this is old.
 */
const probeTimeout = 30_000
/** For all of it: some of the SDK's waits, such as that for the first event of a stream, have no end of their own. */
const openTimeout = connectTimeout + probeTimeout + 2_000

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

  static async open(options: UpstreamConnectionOptions): Promise<UpstreamConnection> {
    const transport = await transportOf(options)
    const client = new Client(
      { name: 'wheelhouse-relay', version },
      {
        capabilities: options.capabilities,
        versionNegotiation: { mode: options.era === 'legacy' ? 'legacy' : 'auto', probe: { timeoutMs: probeTimeout } },
        // Input a server asks for is the far client's to give.
        inputRequired: { autoFulfill: false },
      },
    )
    const connection = new UpstreamConnection(client, transport, options)
    client.fallbackNotificationHandler = async ({ method, params }) => options.onNotification({ method, params })
    client.fallbackRequestHandler = async ({ method, params }, { mcpReq }) => options.onRequest({ method, params }, mcpReq.signal)
    client.onerror = (error) => {
      options.onLog(error.message)
      // The stream would come back by itself, but as another session, in which nothing has been negotiated.
      if (error instanceof SseError) connection.#break('The connection was cut')
    }
    client.onclose = () => connection.#break(transport instanceof StdioTransport ? transport.reason : 'The connection was closed')
    try {
      // The SDK heeds a signal in some of its waits only.
      await inTime(
        openTimeout,
        abortable(client.connect(transport, { timeout: connectTimeout, signal: options.signal }), options.signal),
        () => new Error('It does not answer'),
      )
    } catch (error) {
      await connection.close()
      throw transport instanceof StdioTransport && error instanceof Error && error.message.includes('closed')
        ? new Error(transport.reason, { cause: error })
        : error
    }
    connection.#life.handle('negotiated')
    return connection
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

  request(message: Message, options: RequestOptions = {}): Promise<Json> {
    return this.#client
      .request({ method: message.method, ...(message.params === undefined ? {} : { params: message.params }) }, asJson, {
        ...options,
        allowInputRequired: true,
      })
      .catch((error: unknown) => {
        // In place: what kind of error it is decides what becomes of the connection.
        if (error instanceof Error) error.message = this.#redacted(error.message)
        throw error
      })
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
    await this.#putAway()
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

async function transportOf({ definition, reaper, onLog, builtIn, auth, fetch: send }: UpstreamConnectionOptions): Promise<Transport> {
  const { transport, command, args, env, cwd, url, headers } = definition
  if (transport === 'built-in') {
    if (builtIn === undefined) throw new TypeError(`${definition.name} is not built in`)
    return builtIn()
  }
  if (transport === 'stdio') return new StdioTransport({ command: command ?? '', args, env, cwd, reaper, onLog })
  if (send === undefined) throw new TypeError(`${definition.name} has no way to be reached`)
  const address = new URL(url ?? '')
  const shared = { requestInit: { headers }, fetch: send, ...(auth === undefined ? {} : { authProvider: auth }) }
  return transport === 'http'
    ? new StreamableHTTPClientTransport(address, shared)
    : new SSEClientTransport(address, {
        ...shared,
        eventSourceInit: {
          fetch: (input, init) => send(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), ...headers } }),
        },
      })
}

/** Two ends of a connection within this process. */
export const linkedTransports = (): [Transport, Transport] => InMemoryTransport.createLinkedPair()

/** Clients of the session era (2025-03-26 to 2025-11-25): each has a protocol session with streams that it can take up again. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { isInitializeRequest, type AuthInfo, type McpServer, type RequestId } from '@modelcontextprotocol/server'
import { redactedMessage } from '../calls/redactor.ts'
import { within, type Scope } from '../../isolation.ts'
import { RelayClient, type ClientsOptions } from './relay-client.ts'
import { announce, asksForMore, cancelledIn, initializeParams } from './legacy-messages.ts'
import { headerOf, refuse } from './refusals.ts'
import { answerCutOff, retryInterval, type AnswerStream } from './answer-stream.ts'
import { createEventStore, type StreamEvents } from './event-store.ts'
import { repeated, type KnownClients } from './known-clients.ts'
import { asJson, type Json, type Message } from '../upstreams/connection.ts'
import { createRelayServer } from './mcp-server.ts'
import { Cancelled } from './running-calls.ts'
import type { StoredSession } from '../sessions/store.ts'
import { upstreamOfResource } from '../sessions/resources.ts'
import { withoutTasks } from '../upstreams/tasks.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { plainText } from '../../plain-text.ts'
import { requestIds } from '../bridge/messages.ts'

export type RelayRequest = IncomingMessage & { auth?: AuthInfo }

export interface LegacyClient {
  id: string
  sessionId: string
  client: RelayClient
  transport: NodeStreamableHTTPServerTransport
  relay: McpServer
  protocolVersion: string
  /** What it said when it came. */
  initialize: Json
  events: StreamEvents
  /** Answers to plain calls that are streams by now. */
  answers: Map<string, AnswerStream>
  /** What its streams throw where nobody waits ends it alone. */
  scope: Scope
  lastUsed: number
  /** Requests and streams open now. */
  open: number
}

const keepAtMost = 1_000
const idleAfter = 3_600_000
const everything: ReadonlySet<string> = new Set(['tools', 'prompts', 'resources'])

export interface LegacyOptions extends ClientsOptions {
  known: KnownClients
}

export class LegacyClients {
  readonly #options: LegacyOptions
  readonly #reviving = new Map<string, Promise<LegacyClient | undefined>>()
  readonly #byId = new Map<string, LegacyClient>()

  constructor(options: LegacyOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#byId.size
  }

  /** The client of a protocol session, if it came with the same session of ours. */
  find(id: string | undefined, sessionId: string): LegacyClient | undefined {
    const found = id === undefined ? undefined : this.#byId.get(id)
    return found?.sessionId === sessionId ? found : undefined
  }

  /** Answers a request; one that opens a session makes the client. */
  async handle(session: StoredSession, request: RelayRequest, response: ServerResponse, body: unknown): Promise<void> {
    const id = headerOf(request, 'mcp-session-id')
    if (id === undefined && isInitializeRequest(body)) return this.#open(session, request, response, body)
    if (id === undefined) return refuse(response, 400, -32000, 'Mcp-Session-Id is missing')
    const found = this.find(id, session.id) ?? (await this.#revived(id, session))
    if (found === undefined) return refuse(response, 404, -32001, 'Session not found')
    for (const cancelled of cancelledIn(body)) found.client.running.cancel(cancelled)
    if (request.method === 'GET' && this.#resume(found, request, response)) return
    await this.#serve(found, request, response, body)
    if (asksForMore(body)) this.#remember(found)
  }

  /** Counts a request or stream as open until its connection closes. */
  use(client: LegacyClient, response: ServerResponse): void {
    client.open += 1
    client.lastUsed = this.#options.clock.monotonic()
    response.once('close', () => {
      client.open -= 1
      client.lastUsed = this.#options.clock.monotonic()
    })
  }

  onCatalogueChange(upstream: Upstream, parts: ReadonlySet<string>): void {
    for (const { client, relay } of this.#byId.values()) {
      if (client.view().upstreams.includes(upstream) || !upstream.definition.enabled) announce(relay, parts)
    }
  }

  /** A person has changed what clients of a session may reach. */
  onReachChange(sessionId: string): void {
    for (const { sessionId: of, client, relay } of this.#byId.values()) {
      if (of !== sessionId) continue
      client.forgetView()
      announce(relay, everything)
    }
  }

  /** A server said something outside any call. */
  onNotification(upstream: Upstream, message: Message): void {
    const { method, params } = message
    if (method === 'notifications/message') return this.#onLog(upstream, message)
    if (method !== 'notifications/resources/updated') return
    const uri = plainText(params?.['uri'])
    for (const { client, relay } of this.#byId.values())
      if (client.isWatching(uri) && client.view().upstreams.includes(upstream))
        void relay.server.sendResourceUpdated({ uri }).catch(() => undefined)
  }

  /** To those that asked for it; what it is about may be any account's, so only where all that reach the server are of one. */
  #onLog(upstream: Upstream, message: Message): void {
    const reaching = [...this.#byId.values()].map(({ client }) => client).filter((client) => client.view().upstreams.includes(upstream))
    if (new Set(reaching.map(({ session }) => session.accountId)).size > 1) return
    for (const { logs, caller } of reaching) if (logs.level !== undefined) caller.notify(message)
  }

  /** Ends what came with a session that is over. */
  async end(sessionId: string): Promise<void> {
    await Promise.all([...this.#byId.values()].filter((each) => each.sessionId === sessionId).map((each) => this.#close(each)))
  }

  /** Ends what nobody has used for long. */
  async sweep(isOver: (sessionId: string) => boolean): Promise<void> {
    const now = this.#options.clock.monotonic()
    const over = [...this.#byId.values()].filter((each) => isOver(each.sessionId) || (isIdle(each) && now - each.lastUsed > idleAfter))
    await Promise.all(over.map((each) => this.#close(each)))
    this.#options.known.tidy(this.#byId.keys())
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byId.values()].map((each) => this.#close(each)))
  }

  async #open(session: StoredSession, request: RelayRequest, response: ServerResponse, body: unknown): Promise<void> {
    // The predicate has seen that it is a request.
    const opened = await this.#make(session, body as Json, randomUUID())
    await this.#serve(opened, request, response, body)
    if (opened.id === '') await this.#close(opened)
    else this.#remember(opened)
    const oldest = [...this.#byId.values()].find(isIdle)
    if (this.#byId.size > keepAtMost && oldest !== undefined) await this.#close(oldest)
  }

  /** One that was known before a restart, or before it was put away as idle; once however many of its requests come at a time. */
  #revived(id: string, session: StoredSession): Promise<LegacyClient | undefined> {
    const key = `${session.id} ${id}`
    const reviving = this.#reviving.get(key) ?? this.#revive(id, session).finally(() => this.#reviving.delete(key))
    this.#reviving.set(key, reviving)
    return reviving
  }

  async #revive(id: string, session: StoredSession): Promise<LegacyClient | undefined> {
    const known = this.#options.known.find(id, session.id)
    if (known === undefined) return undefined
    const revived = await this.#make(session, known.initialize, id)
    const said = async (body: Json, headers: Record<string, string> = {}): Promise<void> => {
      const { request, response } = repeated(body, headers)
      await within(revived.scope, () => revived.transport.handleRequest(request, response, body))
    }
    await said(known.initialize)
    if (revived.id === '') {
      await this.#close(revived)
      return undefined
    }
    const headers = { 'mcp-session-id': id, 'mcp-protocol-version': revived.protocolVersion }
    await said({ jsonrpc: '2.0', method: 'notifications/initialized' }, headers)
    revived.lastUsed = this.#options.clock.monotonic()
    if (known.logLevel !== null) await revived.client.logs.want(known.logLevel)
    // A server that is still starting is asked when it has its resources; the client is not to wait for that.
    for (const uri of known.watched) this.#watchAgain(revived.client, uri)
    return revived
  }

  #watchAgain(client: RelayClient, uri: string): void {
    client
      .settledView()
      .then((view) => {
        const upstream = upstreamOfResource(view, uri)
        return upstream === undefined ? undefined : client.watch(uri, upstream)
      })
      .catch(() => undefined)
  }

  #remember({ id, sessionId, initialize, client }: LegacyClient): void {
    this.#options.known.put(id, sessionId, { initialize, logLevel: client.logs.level ?? null, watched: client.watched })
  }

  async #make(session: StoredSession, initialize: Json, id: string): Promise<LegacyClient> {
    const { capabilities, protocolVersion } = initializeParams(initialize)
    const scope: Scope = { room: 'relay', kind: 'client', id: session.id, escaped: () => this.#close(opened) }
    const events = createEventStore()
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      eventStore: events,
      retryInterval,
      onsessioninitialized: () => {
        opened.id = id
        this.#byId.set(id, opened)
      },
      onsessionclosed: () => {
        this.#options.known.remove(id)
        return this.#close(opened)
      },
    })
    const client: RelayClient = new RelayClient({
      upstreams: this.#options.upstreams,
      views: this.#options.views,
      clock: this.#options.clock,
      session: () => this.#options.session(session.id) ?? session,
      capabilities: withoutTasks(capabilities),
      notify: (said) =>
        void redactedMessage(client.session.policy.redact, said)
          .then(({ method, params }) => relay.server.notification({ method, ...(params === undefined ? {} : { params }) }))
          .catch(() => undefined),
      ask: async (asked, signal) => {
        const { method, params } = await redactedMessage(client.session.policy.redact, asked)
        return relay.server.request({ method, ...(params === undefined ? {} : { params }) }, asJson, { signal, timeout: 3_600_000 })
      },
      onToolsChange: (parts) => announce(relay, parts),
    })
    const relay = createRelayServer({ ...this.#options, client, era: 'legacy', cancelled: (id) => void tellCancelled(transport, id) })
    const opened: LegacyClient = {
      ...{ id: '', sessionId: session.id, client, transport, relay, protocolVersion, scope, events },
      ...{ initialize, answers: new Map(), lastUsed: 0, open: 0 },
    }
    await within(scope, () => relay.connect(transport))
    return opened
  }

  async #serve(client: LegacyClient, request: RelayRequest, response: ServerResponse, body: unknown): Promise<void> {
    this.use(client, response)
    await within(client.scope, () =>
      client.events.answering(requestIds(body), () => client.transport.handleRequest(request, response, body)),
    )
  }

  /** Goes on with the answer to a plain call that is under way; what has been said to its end is the SDK's to repeat. */
  #resume(client: LegacyClient, request: IncomingMessage, response: ServerResponse): boolean {
    const lastEventId = headerOf(request, 'last-event-id')
    if (lastEventId === undefined || headerOf(request, 'accept')?.includes('text/event-stream') !== true) return false
    const answer = client.answers.get(client.events.streamOf(lastEventId) ?? '')
    const leftBehind = client.events.leftBehind(lastEventId)
    if (answer === undefined && leftBehind.length === 0) return false
    this.use(client, response)
    if (answer === undefined) answerCutOff(response, leftBehind)
    else answer.resume(response, lastEventId)
    return true
  }

  async #close(client: LegacyClient): Promise<void> {
    this.#byId.delete(client.id)
    await Promise.all([client.client.close(), client.relay.close().catch(() => undefined)])
  }
}

function isIdle({ open, client }: LegacyClient): boolean {
  return open === 0 && client.running.size === 0
}

/**
 * The SDK says nothing at all to a request that was taken back, and keeps its stream open for as long as the client stays. An answer that
 * the client ignores ends the stream at both ends.
 */
async function tellCancelled(transport: NodeStreamableHTTPServerTransport, id: RequestId): Promise<void> {
  const { code, message } = new Cancelled()
  await transport.send({ jsonrpc: '2.0', id, error: { code, message } }).catch(() => undefined)
}

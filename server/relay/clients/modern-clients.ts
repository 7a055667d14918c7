/** Requests of the stateless era (2026-07-28): each stands for itself; only open subscriptions are remembered, per session of ours. */
import type { ServerResponse } from 'node:http'
import { toNodeHandler, type NodeIncomingMessageLike, type NodeMcpRequestHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server'
import { within, type Scope } from '../../isolation.ts'
import { RelayClient, type ClientsOptions } from './relay-client.ts'
import type { RelayRequest } from './legacy-clients.ts'
import type { Json, Message } from '../upstreams/connection.ts'
import { createRelayServer } from './mcp-server.ts'
import type { StoredSession } from '../sessions/store.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { upstreamOfResource } from '../sessions/resources.ts'
import { plainText } from '../../plain-text.ts'

interface ModernSession {
  client: RelayClient
  handler: McpHttpHandler
  node: NodeMcpRequestHandler
  /** What its streams throw where nobody waits ends them, and nothing else. */
  scope: Scope
}

export class ModernClients {
  readonly #options: ClientsOptions
  readonly #bySession = new Map<string, ModernSession>()

  constructor(options: ClientsOptions) {
    this.#options = options
  }

  /** The view all stateless requests of a session share. */
  client(session: StoredSession): RelayClient {
    return this.#of(session).client
  }

  async handle(session: StoredSession, request: RelayRequest, response: ServerResponse, body: unknown): Promise<void> {
    const { node, client, scope } = this.#of(session)
    await within(scope, async () => {
      await this.#watchSubscriptions(client, body, response)
      // Node's types say `undefined` where the library's leave a field out.
      await node(request as NodeIncomingMessageLike, response, body)
    })
  }

  onCatalogueChange(upstream: Upstream, parts: ReadonlySet<string>): void {
    for (const { client, handler } of this.#bySession.values()) {
      if (!client.view().upstreams.includes(upstream) && upstream.definition.enabled) continue
      if (parts.has('tools')) handler.notify.toolsChanged()
      if (parts.has('prompts')) handler.notify.promptsChanged()
      if (parts.has('resources')) handler.notify.resourcesChanged()
    }
  }

  /** A person has changed what clients of a session may reach. */
  onReachChange(sessionId: string): void {
    const found = this.#bySession.get(sessionId)
    if (found === undefined) return
    found.client.forgetView()
    found.handler.notify.toolsChanged()
    found.handler.notify.promptsChanged()
    found.handler.notify.resourcesChanged()
  }

  onNotification(upstream: Upstream, { method, params }: Message): void {
    if (method !== 'notifications/resources/updated') return
    for (const { client, handler } of this.#bySession.values())
      if (client.view().upstreams.includes(upstream)) handler.notify.resourceUpdated(plainText(params?.['uri']))
  }

  async end(sessionId: string): Promise<void> {
    const session = this.#bySession.get(sessionId)
    this.#bySession.delete(sessionId)
    await Promise.all([session?.handler.close(), session?.client.close()])
  }

  async sweep(isOver: (sessionId: string) => boolean): Promise<void> {
    await Promise.all([...this.#bySession.keys()].filter(isOver).map((id) => this.end(id)))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#bySession.keys()].map((id) => this.end(id)))
  }

  #of(session: StoredSession): ModernSession {
    const existing = this.#bySession.get(session.id)
    if (existing !== undefined) return existing
    const { upstreams, clock } = this.#options
    const nobody = (): Promise<Json> => Promise.reject(new Error('A stateless client is asked in answers alone'))
    const client = new RelayClient({
      upstreams,
      views: this.#options.views,
      clock,
      session: () => this.#options.session(session.id) ?? session,
      capabilities: {},
      notify: () => undefined,
      ask: nobody,
      onToolsChange: () => undefined,
    })
    const handler = createMcpHandler(
      ({ authInfo }) => createRelayServer({ ...this.#options, client, era: 'modern', turned: authInfo?.extra?.['turned'] === true }),
      {
        legacy: 'reject',
        // Whatever comes here has been measured.
        maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      },
    )
    const made: ModernSession = {
      client,
      handler,
      node: toNodeHandler(handler),
      scope: { room: 'relay', kind: 'client', id: session.id, escaped: () => this.end(session.id) },
    }
    this.#bySession.set(session.id, made)
    return made
  }

  /** The SDK keeps the stream; whether the servers tell of these resources is for us to see to. */
  async #watchSubscriptions(client: RelayClient, body: unknown, response: ServerResponse): Promise<void> {
    const uris = subscribedResources(body)
    if (uris.length === 0) return
    const view = await client.settledView()
    const found = uris.flatMap((uri) => {
      const upstream = upstreamOfResource(view, uri)
      return upstream === undefined ? [] : [{ uri, upstream }]
    })
    const asked = await Promise.all(
      found.map(({ uri, upstream }) =>
        upstream
          .watch(uri)
          .then(() => [{ uri, upstream }])
          .catch(() => []),
      ),
    )
    const watched = asked.flat()
    const unwatch = (): void => {
      for (const { uri, upstream } of watched) upstream.unwatch(uri).catch(() => undefined)
    }
    // The client may have gone while the servers were asked.
    if (response.closed) unwatch()
    else response.once('close', unwatch)
  }
}

function subscribedResources(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('method' in body) || body.method !== 'subscriptions/listen') return []
  const params = 'params' in body ? body.params : undefined
  // Unchecked so far: anything but a list of texts is left to the SDK to refuse.
  const uris = (params as { notifications?: { resourceSubscriptions?: unknown } } | undefined)?.notifications?.resourceSubscriptions
  return Array.isArray(uris) ? uris.filter((uri): uri is string => typeof uri === 'string').slice(0, 1_000) : []
}

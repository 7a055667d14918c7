/** The server side that MCP clients speak to: every request is looked up in the session's view and passed on to the server it is for. */
import { McpServer, ProtocolError, ResourceNotFoundError, type ServerCapabilities } from '@modelcontextprotocol/server'
import { version } from '../../version.ts'
import { upstreamOfResource } from '../sessions/resources.ts'
import type { View } from '../sessions/view.ts'
import type { Json } from '../upstreams/connection.ts'
import { callTool, passOn, type PassOnOptions } from './pass-on.ts'
import { redactedAnswer } from '../calls/redactor.ts'
import { answerRestCall, restTools } from '../calls/rest-tool.ts'
import { answerMetaCall } from '../search/meta-calls.ts'
import { shownTools } from '../search/meta-tools.ts'
import { capabilitiesOf, instructionsOf } from './server-capabilities.ts'

export const serverInfo = { name: 'wheelhouse-relay', title: 'Wheelhouse relay', version }
/** Lists change when servers do, and differ between sessions. */
const cacheHint = { ttlMs: 1_000, cacheScope: 'private' } as const

/** The SDK checks headers that tools declare against the schema it asks for here. */
class RelayMcpServer extends McpServer {
  readonly #view: () => View
  readonly #turned: boolean
  constructor(view: () => View, turned: boolean, capabilities: ServerCapabilities, instructions: string) {
    super(serverInfo, {
      capabilities,
      ...(instructions === '' ? {} : { instructions }),
      cacheHints: {
        'tools/list': cacheHint,
        'prompts/list': cacheHint,
        'resources/list': cacheHint,
        'resources/templates/list': cacheHint,
        'resources/read': { ttlMs: 0, cacheScope: 'private' },
        'server/discover': cacheHint,
      },
    })
    this.#view = view
    this.#turned = turned
  }

  override toolInputSchemaJson(name: string): Record<string, unknown> | undefined {
    const schema = this.#turned ? undefined : this.#view().tools.get(name)?.listed['inputSchema']
    return typeof schema === 'object' && schema !== null ? { ...schema } : undefined
  }
}

export function createRelayServer(options: PassOnOptions): McpServer {
  const { client } = options
  const view = client.view()
  const relay = new RelayMcpServer(() => client.view(), options.turned === true, capabilitiesOf(view.upstreams), instructionsOf(view))
  const { server } = relay

  // What servers answer passes through as it came: the casts stand where the SDK's types know less than the newest server may send.
  server.setRequestHandler('tools/list', async () => {
    const [view, { policy }] = [await client.settledView(), client.session]
    return { tools: [...shownTools(view, policy), ...restTools(view, policy)] as { name: string; inputSchema: { type: 'object' } }[] }
  })
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    const view = client.view()
    const answered = view.tools.has(params.name)
      ? undefined
      : (answerRestCall(options.rests, client.session, params) ?? answerMetaCall(options.search, client.session, view, params))
    if (answered !== undefined) return (await answered) as { content: [] }
    const entry = await client.find(({ tools }) => tools.get(params.name))
    if (entry === undefined) throw new ProtocolError(-32602, client.missing(params.name))
    return (await callTool(options, entry, params, ctx)) as { content: [] }
  })
  server.setRequestHandler('prompts/list', async () => ({
    prompts: [...(await client.settledView()).prompts.values()].map(({ listed }) => listed as { name: string }),
  }))
  server.setRequestHandler('prompts/get', async ({ params }, ctx) => {
    const entry = await client.find(({ prompts }) => prompts.get(params.name))
    if (entry === undefined) throw new ProtocolError(-32602, `Unknown prompt: ${params.name}`)
    return (await passOn(options, entry.upstream, { method: 'prompts/get', params: { ...params, name: entry.name } }, ctx)) as {
      messages: []
    }
  })
  server.setRequestHandler('resources/list', async () => ({
    resources: [...(await client.settledView()).listedResources] as { name: string; uri: string }[],
  }))
  server.setRequestHandler('resources/templates/list', async () => ({
    resourceTemplates: (await client.settledView()).listedTemplates.map(
      ({ upstream: _, ...listed }) => listed as { name: string; uriTemplate: string },
    ),
  }))
  server.setRequestHandler('resources/read', async ({ params }, ctx) => {
    const upstream = upstreamOfResource(await client.settledView(), params.uri)
    if (upstream === undefined) throw new ResourceNotFoundError(params.uri)
    return (await passOn(options, upstream, { method: 'resources/read', params: { ...params } }, ctx)) as { contents: [] }
  })
  server.setRequestHandler('completion/complete', async ({ params }, ctx) => {
    const { ref } = params
    const current = await client.settledView()
    const prompt = ref.type === 'ref/prompt' ? current.prompts.get(ref.name) : undefined
    const upstream =
      ref.type === 'ref/prompt'
        ? prompt?.upstream
        : (current.listedTemplates.find(({ uriTemplate }) => uriTemplate === ref.uri)?.upstream ?? upstreamOfResource(current, ref.uri))
    if (upstream === undefined) throw new ProtocolError(-32602, 'There is nothing of this name to complete')
    return (await passOn(
      options,
      upstream,
      { method: 'completion/complete', params: { ...params, ref: prompt === undefined ? ref : { ...ref, name: prompt.name } } },
      ctx,
    )) as { completion: { values: [] } }
  })
  if (options.era === 'legacy') {
    /** The answer says nothing, but a server may refuse in its own words. */
    const cleaned = (work: () => Promise<void>): Promise<Json> =>
      redactedAnswer(client.session.policy.redact, async () => {
        await work()
        return {}
      })
    server.setRequestHandler('resources/subscribe', async ({ params }) => {
      const upstream = upstreamOfResource(await client.settledView(), params.uri)
      if (upstream === undefined) throw new ResourceNotFoundError(params.uri)
      return cleaned(() => client.watch(params.uri, upstream))
    })
    server.setRequestHandler('resources/unsubscribe', ({ params }) => cleaned(() => client.unwatch(params.uri)))
    server.setRequestHandler('logging/setLevel', async ({ params }) => {
      await client.logs.want(params.level)
      return {}
    })
    server.fallbackNotificationHandler = async ({ method }) => {
      if (method === 'notifications/roots/list_changed') client.rootsChanged()
    }
  }
  return relay
}

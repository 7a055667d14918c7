/** Answers what the window asks of the relay. */
import { actorOf, type Call, type Handlers } from '../http/api.ts'
import type { nativeRoutes } from './contract-native.ts'
import type { Desk } from './desk.ts'
import type { Sessions } from './sessions.ts'
import type { Upstreams } from './upstreams.ts'

export interface NativeParts {
  desk: Desk
  sessions: Sessions
  upstreams: Upstreams
  /** Base of session addresses. */
  baseOf(call: Call): string
}

export function nativeHandlers({ desk, sessions, upstreams, baseOf }: NativeParts): Handlers<typeof nativeRoutes> {
  return {
    relaySessions: () => ({ status: 200, body: { sessions: desk.sessions() } }),
    createRelaySession: ({ body }, call) => {
      const { sessionId, session } = sessions.create({ ...body, address: call.address }, actorOf(call.caller))
      return { status: 201, body: { session: desk.sessionView(session), sessionId, sessionUrl: `${baseOf(call)}/mcp/${sessionId}`, bearerUrl: `${baseOf(call)}/mcp` } }
    },
    changeRelaySession: ({ params, body }, { caller }) => ({ status: 200, body: desk.sessionView(sessions.change(params.id, body, actorOf(caller))) }),
    removeRelaySession: ({ params }, { caller }) => {
      sessions.revokeById(params.id, actorOf(caller))
      return { status: 204, body: null }
    },
    sessionTools: ({ params }) => ({ status: 200, body: { tools: desk.tools(params.id) } }),
    catalogue: () => ({ status: 200, body: { servers: desk.catalogue() } }),
    restartUpstream: async ({ params }, { caller }) => ({ status: 200, body: await upstreams.restart(params.id, actorOf(caller)) }),
    upstreamLog: ({ params }) => ({ status: 200, body: { lines: desk.log(params.id) } }),
    changeTool: ({ params, body }, { caller }) => ({ status: 200, body: desk.changeTool(params.id, params.name, body, actorOf(caller)) }),
    previewImport: ({ body }) => ({ status: 200, body: { servers: desk.preview(body.text) } }),
    importUpstreams: ({ body }, { caller }) => ({ status: 201, body: { servers: desk.import(body.text, body.accept, actorOf(caller)) } }),
    relayCalls: ({ query }) => ({ status: 200, body: { calls: desk.calls(query.limit, query.session) } }),
    relayCallDetail: ({ params }) => ({ status: 200, body: desk.call(params.id) }),
    makeRelayCall: async ({ body }) => ({ status: 200, body: await desk.makeCall(body.sessionId, body.tool, body.arguments) }),
    usage: ({ query }) => ({ status: 200, body: { rows: desk.usage(query) } }),
    usageExport: ({ query }) => ({ status: 200, body: desk.usageCsv(query), headers: { 'content-disposition': 'attachment; filename="usage.csv"' } }),
  }
}

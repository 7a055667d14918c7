/** Answers what the window asks of the relay. */
import { RelayFault } from './fault.ts'
import { actorOf, type Handlers } from '../http/api.ts'
import { approvalHandlers, type ApprovalParts } from './api-approvals.ts'
import { searchHandlers, type SearchParts } from './api-search.ts'
import { offeredHandlers, type OfferedParts } from './api-offered.ts'
import type { nativeRoutes } from './contract/native.ts'
import type { ApiAdmin } from './openapi/admin.ts'
import { openapiHandlers } from './openapi/api.ts'
import { checkPatterns } from './calls/redactor.ts'
import { creditsHandlers } from './billing/api-credits.ts'
import type { Doubts } from './billing/doubts.ts'
import type { Usage } from './billing/usage.ts'
import { bridgeCommand } from './bridge/start-command.ts'
import type { WindowCalls } from './clients/window-calls.ts'
import { readClientConfig } from './upstreams/client-config.ts'
import type { Sessions } from './sessions/sessions.ts'
import type { UpstreamAdmin } from './upstreams/admin.ts'

export interface NativeParts extends OfferedParts {
  search: SearchParts
  approvals: ApprovalParts
  calls: WindowCalls
  usage: Usage
  doubts: Doubts
  sessions: Sessions
  upstreamAdmin: UpstreamAdmin
  apiAdmin: ApiAdmin
  /** Where authorization servers send browsers back to. */
  callbackUrl(): string
}

export function nativeHandlers({
  search,
  approvals,
  calls,
  usage,
  doubts,
  sessions,
  sessionAdmin,
  upstreamAdmin,
  apiAdmin,
  callbackUrl,
  baseOf,
  ...more
}: NativeParts): Handlers<typeof nativeRoutes> {
  return {
    ...openapiHandlers(apiAdmin),
    ...creditsHandlers(doubts),
    ...searchHandlers(search),
    ...approvalHandlers(approvals),
    ...offeredHandlers({ ...more, sessionAdmin, baseOf }),
    relaySessions: (_, call) => ({
      status: 200,
      body: {
        sessions: sessionAdmin.all(call.standing).map((session) => sessionAdmin.shown(session)),
        mcpUrl: `${baseOf(call)}/mcp`,
        bridge: bridgeCommand(process),
      },
    }),
    createRelaySession: async ({ body: { accountId, name, expiresIn, policy } }, call) => {
      await checkPatterns(policy)
      const wanted = { accountId, name, expiresIn, policy, address: call.address }
      const { sessionId, session } = sessions.create(wanted, actorOf(call.caller), call.standing)
      return {
        status: 201,
        body: {
          session: sessionAdmin.shown(session),
          sessionId,
          sessionUrl: `${baseOf(call)}/mcp/${sessionId}`,
          bearerUrl: `${baseOf(call)}/mcp`,
        },
      }
    },
    changeRelaySession: async ({ params, body }, { caller, standing }) => {
      await checkPatterns(body.policy)
      return { status: 200, body: sessionAdmin.shown(sessionAdmin.change(params.id, body, actorOf(caller), standing)) }
    },
    relaySessionAddress: ({ params }, call) => {
      const sessionId = sessionAdmin.secretOf(params.id, actorOf(call.caller), call.standing)
      return {
        status: 200,
        body: { sessionId, sessionUrl: `${baseOf(call)}/mcp/${sessionId}`, bearerUrl: `${baseOf(call)}/mcp` },
        headers: { 'cache-control': 'no-store' },
      }
    },
    removeRelaySession: ({ params }, { caller, standing }) => {
      sessionAdmin.revoke(params.id, actorOf(caller), standing)
      return { status: 204, body: null }
    },
    accountRules: () => ({ status: 200, body: { accounts: sessionAdmin.rules() } }),
    changeAccountRules: ({ params, body }, { caller }) => {
      sessionAdmin.setRules(params.accountId, body, actorOf(caller))
      return { status: 200, body }
    },
    sessionTools: ({ params }, { standing }) => ({ status: 200, body: { tools: sessionAdmin.tools(params.id, standing) } }),
    catalogue: () => ({ status: 200, body: { servers: upstreamAdmin.catalogue(usage.callsThisMonth()) } }),
    restartUpstream: async ({ params }, { caller }) => ({ status: 200, body: await upstreamAdmin.restart(params.id, actorOf(caller)) }),
    cancelStart: async ({ params }, { caller }) => ({ status: 200, body: await upstreamAdmin.cancelStart(params.id, actorOf(caller)) }),
    endOwnProcess: async ({ params }, { caller }) => ({
      status: 200,
      body: await upstreamAdmin.endOwn(params.id, params.process, actorOf(caller)),
    }),
    signIn: async ({ params, body: { clientId, clientSecret } }) => ({
      status: 200,
      body: {
        url: (await upstreamAdmin.signIn(params.id, clientId === undefined ? undefined : { clientId, clientSecret })).href,
        callbackUrl: callbackUrl(),
      },
    }),
    signOut: async ({ params }, { caller }) => ({ status: 200, body: await upstreamAdmin.signOut(params.id, actorOf(caller)) }),
    signInAnswer: async ({ query }) => {
      const answer = new URLSearchParams(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined))
      try {
        return {
          status: 200,
          body: page('Signed in', `Wheelhouse now works with ${await upstreamAdmin.signedIn(answer)}. You can close this page.`),
          headers: pageHeaders,
        }
      } catch (error) {
        if (
          !RelayFault.is(error, 'sign-in-unknown') &&
          !RelayFault.is(error, 'sign-in-failed') &&
          !RelayFault.is(error, 'upstream-not-found')
        )
          throw error
        return { status: 400, body: page('Not signed in', `${error.message}. Begin again in Wheelhouse.`), headers: pageHeaders }
      }
    },
    upstreamLog: ({ params }) => ({ status: 200, body: { lines: upstreamAdmin.log(params.id) } }),
    changeTool: ({ params, body }, { caller }) => ({
      status: 200,
      body: upstreamAdmin.changeTool(params.id, params.name, body, actorOf(caller)),
    }),
    previewImport: ({ body }) => ({ status: 200, body: { servers: readClientConfig(body.text).map(({ shown }) => shown) } }),
    importUpstreams: ({ body }, { caller }) => ({
      status: 201,
      body: { servers: upstreamAdmin.import(body.text, body.accept, actorOf(caller)) },
    }),
    relayCalls: ({ query }, { standing }) => ({ status: 200, body: { calls: calls.list(query.limit, standing, query.session) } }),
    relayCallDetail: ({ params }, { standing }) => ({ status: 200, body: calls.find(params.id, standing) }),
    makeRelayCall: async ({ body }, { standing }) => ({
      status: 200,
      body: await calls.make(body.sessionId, body.tool, body.arguments, standing),
    }),
    usage: ({ query }) => ({ status: 200, body: { rows: usage.between(query) } }),
    usageExport: ({ query }) => ({
      status: 200,
      body: usage.csv(query),
      headers: { 'content-disposition': 'attachment; filename="usage.csv"' },
    }),
  }
}

/** The address had a code in it: it is not kept, not sent on, and the page runs nothing. */
const pageHeaders = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
}

function page(title: string, text: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>${escaped(title)}</title><body style="font: 16px/1.5 system-ui; margin: 20vh auto; max-width: 28rem; padding: 0 1rem"><h1 style="font-size: 1.25rem">${escaped(title)}</h1><p>${escaped(text)}</p>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)
}

/** The relay API: session addresses for MCP clients as published, the gateway itself, and what the window needs. */
import type { z } from 'zod'
import { defineContract, type Problem } from '../../http/contract.ts'
import { failed } from './parts.ts'
import { gatewayRoutes } from './gateway.ts'
import { nativeRoutes } from './native.ts'
import { publishedRoutes } from './published.ts'

export const relayContract = defineContract({
  api: 'relay',
  title: 'Relay',
  version: '1.0.0',
  description: 'Session addresses through which MCP clients reach the configured MCP servers.',
  routes: { ...publishedRoutes, ...gatewayRoutes, ...nativeRoutes },
  faults: {
    'user-required': { status: 400 },
    'user-not-found': { status: 404, message: 'User not found' },
    'session-not-found': { status: 404, message: 'Session not found' },
    'invalid-params': { status: 404, message: 'Session not found' },
    'policy-beyond-caller': { status: 403 },
    'session-beyond-caller': { status: 403 },
    'session-expired': { status: 401, message: 'Session has expired' },
    'session-locked': { status: 409 },
    'sealed-locked': { status: 503 },
    'session-foreign': { status: 403, message: 'This session belongs to another user' },
    'upstream-not-found': { status: 404 },
    'upstream-taken': { status: 409 },
    'upstream-invalid': { status: 400 },
    'upstream-built-in': { status: 409 },
    'upstream-locked': { status: 409 },
    'upstream-unavailable': { status: 502 },
    'sign-in-impossible': { status: 502 },
    'sign-in-wants-client': { status: 409 },
    'tool-not-found': { status: 404 },
    'call-not-found': { status: 404 },
    'credits-short': { status: 402 },
    'config-invalid': { status: 400 },
    'consent-differs': { status: 400 },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

/** The contract's shape: `{error, statusCode}`; what nobody expected also says under which id the log has it. */
function describeFailure({ status, message, requestId }: Problem): z.output<typeof failed> {
  return { error: message, statusCode: status, ...(status >= 500 ? { requestId } : {}) }
}

export type { CatalogueServer, ImportableServer, RelayCall, RelaySession, RelayTool, UsageRow } from './native.ts'
export type { AccountRules, SessionPolicy } from './parts.ts'
export type { UpstreamSettings, UpstreamView } from './upstream.ts'

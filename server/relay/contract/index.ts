/** The relay API: session addresses for MCP clients as published, the gateway itself, and what the window needs. */
import type { z } from 'zod'
import { defineContract, type Problem } from '../../http/contract.ts'
import { failed } from './parts.ts'
import { gatewayRoutes } from './gateway.ts'
import { fieldRoutes } from './gateway-field.ts'
import { nativeRoutes } from './native.ts'
import { publishedRoutes } from './published.ts'

export const relayContract = defineContract({
  api: 'relay',
  title: 'Relay',
  version: '1.0.0',
  description: 'Session addresses through which MCP clients reach the configured MCP servers.',
  routes: { ...publishedRoutes, ...gatewayRoutes, ...fieldRoutes, ...nativeRoutes },
  faults: {
    'user-required': { status: 400, remedy: 'Name the account with `X-User-Id`.' },
    'user-not-found': { status: 404, message: 'User not found', remedy: 'Check the id of the user; the list shows those there are.' },
    'session-not-found': {
      status: 404,
      message: 'Session not found',
      remedy: 'Make a new session; this one was revoked, has ended or is not of this account.',
    },
    'invalid-params': { status: 404, message: 'Session not found', remedy: 'Check the id of the session.' },
    'policy-invalid': { status: 400, remedy: 'Correct the name; the tools of the session show those there are.' },
    'policy-beyond-caller': { status: 403, remedy: 'Ask for less, or use a key that holds what the session is to reach.' },
    'session-beyond-caller': { status: 403, remedy: 'Use a key that holds what the session reaches.' },
    'session-expired': { status: 401, message: 'Session has expired', remedy: 'Extend the session, or make a new one.' },
    'session-locked': { status: 409, remedy: 'Put the sealing key back, or make a new session.' },
    'sealed-locked': { status: 503, remedy: 'Put the sealing key back, or give up what it sealed.' },
    'session-foreign': { status: 403, message: 'This session belongs to another user', remedy: 'Use the account that made the session.' },
    'upstream-not-found': { status: 404, remedy: 'Check the id; the list of servers shows those there are.' },
    'upstream-taken': { status: 409, remedy: 'Choose another name for the server.' },
    'upstream-invalid': { status: 400, remedy: 'Correct what the message names.' },
    'upstream-built-in': { status: 409, remedy: 'Change the rights of the session instead; the built-in server stays as it is.' },
    'upstream-locked': { status: 409, remedy: 'Put the sealing key back, or enter the settings of the server anew.' },
    'upstream-not-starting': {
      status: 409,
      remedy: 'Look at its state; only a start under way, or one that is to be tried again, can be cancelled.',
    },
    'upstream-unavailable': { status: 502, remedy: 'Look at the log of the server in the window, and start it again.' },
    'own-processes-full': { status: 503, remedy: 'End one that is idle, or allow more of them.' },
    'own-process-not-found': { status: 404, remedy: 'It has ended; the server shows those there are.' },
    'sign-in-impossible': { status: 502, remedy: 'Check with whoever runs the server how one signs in there.' },
    'sign-in-wants-client': { status: 409, remedy: 'Register a program there by hand, and give its client id.' },
    'argument-unknown': { status: 400, remedy: 'Name an argument that the tool takes.' },
    'group-not-found': { status: 404, remedy: 'Check the id; the list of groups shows those there are.' },
    'profile-not-found': { status: 404, remedy: 'Check the id; the list of profiles shows those there are.' },
    'name-taken': { status: 409, remedy: 'Choose another name.' },
    'tool-not-found': { status: 404, remedy: 'Check the name of the tool; the list shows those there are.' },
    'approval-not-found': {
      status: 404,
      remedy: 'It was answered, has run out or was taken back; the list shows those that still wait.',
    },
    'call-not-found': { status: 404, remedy: 'Check the id; old calls are removed from the log.' },
    'call-not-in-doubt': { status: 404, remedy: 'Read the list of calls in doubt anew; somebody has decided meanwhile.' },
    'pattern-invalid': {
      status: 400,
      remedy: 'Correct the pattern; looking ahead or behind and referring back are not part of its syntax.',
    },
    'credits-short': { status: 402, remedy: 'Add credits to the account, or raise the limit of the session.' },
    'openapi-invalid': { status: 400, remedy: 'Give an OpenAPI 3 or Swagger 2 document as JSON or YAML, whole and with its paths.' },
    'openapi-unreachable': { status: 502, remedy: 'Check the address of the description, or give it as a file.' },
    'openapi-file': { status: 409, remedy: 'Give the new description as a file.' },
    'config-invalid': { status: 400, remedy: 'Paste the configuration of an MCP client as JSON, with `mcpServers`.' },
    'consent-differs': { status: 400, remedy: 'Read what would run now, and agree to that.' },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

/** The contract's shape: `{error, statusCode}`; what nobody expected also says under which id the log has it. */
function describeFailure({ status, message, requestId }: Problem): z.output<typeof failed> {
  return { error: message, statusCode: status, ...(status >= 500 ? { requestId } : {}) }
}

export type { DoubtView } from './credits.ts'
export type { AnsweredCallView, WaitingCallView } from './native-approvals.ts'
export type { FoundTool, SearchedTools, ToolSearchView } from './native-search.ts'
export { isSecretArgument } from './secret-names.ts'
export type { RelayCall, RelayCallDetail, UsageRow } from './native-calls.ts'
export type { ApiCredential, ApiDescription, ApiOperation, ApiServer } from './openapi.ts'
export type { CatalogueServer, ImportableServer, RelayTool } from './native-servers.ts'
export type { RelaySession } from './native-sessions.ts'
export type { DefinitionChange, OfferedItem } from './native-offered.ts'
export type { ProfileFile, SessionProfile, ToolGroup } from './native-profiles.ts'
export type { AccountRules, ItemRef, SessionPolicy } from './parts.ts'
export type { ToolHandling } from './tool-handling.ts'
export type { UpstreamSettings, UpstreamView } from './upstream.ts'

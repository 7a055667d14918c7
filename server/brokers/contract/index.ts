/** The brokers API: the published contract and the native resource beside it. The wire protocol stands in `docs/brokers.md`. */
import type { z } from 'zod'
import { defineContract, type Problem } from '../../http/contract.ts'
import { durability, overflowPolicy } from '../policy.ts'
import { bridgeFaults, bridgeRoutes } from './bridges.ts'
import { failed } from './fields.ts'
import { messageFaults, messageRoutes, tailSocket } from './messages.ts'
import { namedClientFaults, namedClientRoutes } from './named-clients.ts'
import { nativeRoutes } from './native.ts'
import { publishedRoutes } from './published.ts'
import { ruleFaults, ruleRoutes } from './rules.ts'

export type { SessionExpiry } from './fields.ts'
export type { BrokerMessage, PublicationInput, RetainedMessage, TailLine } from './messages.ts'
export type { BridgeState, BridgeTopic, BridgeTrial, BrokerBridge, NewBridge } from './bridges.ts'
export type { AccessRuleInput, AccessVerdict, NamedClientView } from './named-clients.ts'
export type { BrokerRule, NewRule, RuleAction, RuleCondition, RuleState, RuleTrial } from './rules.ts'
export * from './native-schemas.ts'

export const brokersContract = defineContract({
  api: 'brokers',
  title: 'Brokers',
  version: '1.0.0',
  description: 'Virtual message brokers: each session is a private broker with its own clients, topics and queues.',
  subject: { params: ['name'], missing: 'no-such-session' },
  routes: { ...publishedRoutes, ...nativeRoutes, ...messageRoutes, ...bridgeRoutes, ...namedClientRoutes, ...ruleRoutes },
  sockets: {
    tail: tailSocket,
    broker: {
      path: '/',
      anyPath: true,
      summary: 'The broker: JSON frames, or MQTT under the sub-protocol `mqtt`',
      description: 'A client says who it is with its first frame (`init`, or MQTT CONNECT): session name and password.',
      tag: 'Contract',
      access: 'public',
      right: 'anyone',
      ownCredential: true,
      protocols: ['mqtt'],
      maxMessageBytes: 10_485_760,
    },
  },
  faults: {
    'session-not-found': { status: 400, message: 'Session not found', remedy: 'Check the name of the session.' },
    'session-exists': { status: 400, message: 'Session already exists', remedy: 'Choose another name, or drop the session that has it.' },
    'invalid-credentials': { status: 400, message: 'Invalid credentials', remedy: 'Check password and secret key of the session.' },
    'no-such-session': {
      status: 404,
      message: 'Session not found',
      remedy: 'Check the name; the list of sessions shows those there are and that are yours.',
    },
    'no-such-client': { status: 404, message: 'Client not found', remedy: 'Check the id; the client may have left.' },
    'too-many-attempts': {
      status: 429,
      message: 'Too many attempts, wait a minute',
      remedy: 'Wait a minute, then try again with the right password.',
    },
    'expiry-passed': { status: 400, message: 'sessionExpiry lies in the past', remedy: 'Give a sessionExpiry in the future.' },
    'storage-failed': {
      status: 507,
      message: 'It could not be stored; what was asked for may come undone',
      remedy: 'Make room on the disk; then check what was kept, and repeat what was not.',
    },
    ...messageFaults,
    ...bridgeFaults,
    ...namedClientFaults,
    ...ruleFaults,
    'not-ready': { status: 503, message: 'The brokers are still reading their journal', remedy: 'Try again in a moment.' },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

export { durability, overflowPolicy }

/** The contract's error shape: `{success: false, error}`. */
function describeFailure({ status, code, message, issues, requestId }: Problem): z.output<typeof failed> {
  if (code !== 'invalid-body') return { success: false, error: message, ...(status >= 500 ? { request_id: requestId } : {}) }
  if (issues.some(({ field, missing }) => field === '' || (missing && (field === 'sessionName' || field === 'password'))))
    return { success: false, error: 'sessionName and password are required' }
  const secret = issues.find(({ field, missing }) => missing && field === 'secretKey')
  if (secret !== undefined) return { success: false, error: 'secretKey is required' }
  const [first] = issues
  // Words of the library's own do not say which field they mean.
  return {
    success: false,
    error:
      first === undefined
        ? message
        : first.field === '' || first.message.includes(first.field)
          ? first.message
          : `${first.field}: ${first.message}`,
  }
}

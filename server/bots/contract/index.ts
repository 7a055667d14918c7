/** The bots API: the published LD7 routes as they are, and below them the native resource. */
import type { z } from 'zod'
import { defineContract, type Problem } from '../../http/contract.ts'
import { messageRoutes, messageSockets } from './native/messages.ts'
import { nativeRoutes } from './native/bots.ts'
import { failed, phoneWords, userIdWords } from './parts.ts'
import { publishedRoutes } from './published.ts'
import { ruleRoutes } from './native/rules.ts'
import { webhookRoutes } from './native/webhooks.ts'

export {
  activityView,
  backupView,
  botState,
  botView,
  historyEntry,
  type ActivityView,
  type BackupView,
  type BotState,
  type BotView,
  type HistoryEntry,
} from './native/bots.ts'
export {
  botEvent,
  chatView,
  messageView,
  sentView,
  type BotEvent,
  type ChatView,
  type LoggedView,
  type MessageView,
  type SentView,
} from './native/messages.ts'
export {
  ruleKinds,
  ruleView,
  type RuleAction,
  type RuleChange,
  type RuleDefinition,
  type RuleMatch,
  type RuleView,
} from './native/rules.ts'
export { phoneNumber, userId } from './parts.ts'

export const botsContract = defineContract({
  api: 'bots',
  title: 'Bots',
  version: '1.0.0',
  description: 'WhatsApp accounts that link by code or QR, stay online and can be moved.',
  routes: { ...publishedRoutes, ...messageRoutes, ...ruleRoutes, ...webhookRoutes, ...nativeRoutes },
  sockets: messageSockets,
  subject: { params: ['userId'], missing: 'bot-not-found' },
  faults: {
    'bot-not-found': { status: 404, message: 'Session not found' },
    'bot-exists': { status: 409, message: 'Session already exists for this user. Delete it first or use a different userId.' },
    'number-linked': { status: 409 },
    'pairing-refused': { status: 502 },
    'nothing-to-confirm': { status: 409 },
    'no-pairing': { status: 404, message: 'No pending pairing code for this session' },
    'unlink-unconfirmed': { status: 502 },
    'nothing-to-back-up': { status: 404 },
    'backup-not-found': { status: 404 },
    'backup-broken': { status: 409 },
    'bot-running': { status: 409 },
    'bot-not-online': { status: 409 },
    'link-still-good': { status: 409 },
    'bot-locked': { status: 409 },
    'message-not-found': { status: 404 },
    'message-on-its-way': { status: 409 },
    'idempotency-mismatch': { status: 409 },
    'idempotency-malformed': { status: 400 },
    'webhook-not-found': { status: 404 },
    'delivery-not-found': { status: 404 },
    'webhook-refused': { status: 400 },
    'address-refused': { status: 400 },
    'rule-not-found': { status: 404 },
    'rule-malformed': { status: 400 },
    'rule-beyond-caller': { status: 403 },
    'too-many-rules': { status: 409 },
    'queue-full': { status: 409 },
    'chat-missing': { status: 400 },
    'no-demo': { status: 404 },
    'demo-refused': { status: 409 },
    'key-required': { status: 401, message: 'Unauthorized: send a valid API key in the X-API-Key header' },
    'key-refused': { status: 401, message: 'Unauthorized: send a valid API key in the X-API-Key header' },
  },
  errorSchema: failed,
  errorBody: describeFailure,
})

/** The contract's error shape: `{success: false, message}`. */
function describeFailure({ status, code, message, issues, requestId }: Problem): z.output<typeof failed> {
  return {
    success: false,
    message: code === 'invalid-body' || code === 'invalid-params' ? invalidText(issues, message) : message,
    ...(status >= 500 ? { requestId } : {}),
  }
}

function invalidText(issues: Problem['issues'], message: string): string {
  const missing = issues.filter((issue) => issue.missing).map(({ field }) => field)
  if (missing.includes('userId') || missing.includes('phoneNumber')) return 'userId and phoneNumber are required'
  if (issues.some(({ field }) => field === 'userId')) return userIdWords
  return issues.some(({ field }) => field === 'phoneNumber') ? phoneWords : message
}

/** The bots API: the published LD7 routes as they are, and below them the native resource. */
import type { z } from 'zod'
import { defineContract, type Problem } from '../../http/contract.ts'
import { eventSockets } from './native/events.ts'
import { mediaRoutes } from './native/media.ts'
import { messageRoutes } from './native/messages.ts'
import { callRoutes } from './native/calls.ts'
import { chatRoutes } from './native/chats.ts'
import { historyRoutes } from './native/history.ts'
import { contactRoutes } from './native/contacts.ts'
import { presenceRoutes } from './native/presence.ts'
import { profileRoutes } from './native/profile.ts'
import { backupRoutes } from './native/backups.ts'
import { botRoutes } from './native/bots.ts'
import { peopleRoutes } from './native/people.ts'
import { failed, phoneWords, userIdWords } from './parts.ts'
import { publishedRoutes } from './published.ts'
import { channelFaults, channelRoutes } from './native/channels.ts'
import { statusFaults, statusRoutes } from './native/status.ts'
import { groupFaults, groupRoutes } from './native/groups.ts'
import { editRoutes } from './native/edits.ts'
import { voteRoutes } from './native/votes.ts'
import { reportRoutes } from './native/report.ts'
import { ruleRoutes } from './native/rules.ts'
import { versionRoutes } from './native/version.ts'
import { webhookRoutes } from './native/webhooks.ts'

export { botCause, type BotCause } from './native/causes.ts'
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
} from './native/views.ts'
export { contactDetail, contactView, type ContactDetailView, type ContactView } from './native/contacts.ts'
export { botEvent, type BotEvent } from './native/events.ts'
export type { GroupView } from './native/group-views.ts'
export { chatView, messageView, sentView, type ChatView, type LoggedView, type MessageView, type SentView } from './native/messages.ts'
export { personView, type PersonView } from './native/people.ts'
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
  routes: {
    ...publishedRoutes,
    ...messageRoutes,
    ...mediaRoutes,
    ...presenceRoutes,
    ...peopleRoutes,
    ...groupRoutes,
    ...contactRoutes,
    ...callRoutes,
    ...chatRoutes,
    ...historyRoutes,
    ...profileRoutes,
    ...editRoutes,
    ...voteRoutes,
    ...channelRoutes,
    ...statusRoutes,
    ...ruleRoutes,
    ...webhookRoutes,
    ...botRoutes,
    ...versionRoutes,
    ...reportRoutes,
    ...backupRoutes,
  },
  sockets: eventSockets,
  subject: { params: ['userId'], missing: 'bot-not-found' },
  faults: {
    'bot-not-found': {
      status: 404,
      message: 'Session not found',
      remedy: 'Check the userId; the list of bots shows those there are and that are yours.',
    },
    'bot-exists': {
      status: 409,
      message: 'Session already exists for this user. Delete it first or use a different userId.',
      remedy: 'Delete the bot first, or use another userId.',
    },
    'number-linked': { status: 409, remedy: 'Use the bot that has this number, or delete it first.' },
    'pairing-refused': { status: 502, remedy: 'Wait a few minutes and ask for a new code; check the phone number.' },
    'nothing-to-confirm': { status: 409, remedy: 'Begin the pairing again; no passkey waits for a confirmation.' },
    'no-pairing': { status: 404, message: 'No pending pairing code for this session', remedy: 'Start the bot to get a new pairing code.' },
    'unlink-unconfirmed': { status: 502, remedy: 'Try again, or unlink the device on the phone.' },
    'nothing-to-back-up': { status: 404, remedy: 'Link the bot first.' },
    'backup-not-found': { status: 404, remedy: 'Check the id; the list of backups shows those there are.' },
    'backup-broken': { status: 409, remedy: 'Choose another backup; this one cannot be read.' },
    'link-unreadable': { status: 400, remedy: 'Send the whole folder of one session, copied while the other program was stopped.' },
    'bot-running': { status: 409, remedy: 'Stop the bot first.' },
    'bot-not-online': { status: 409, remedy: 'Start the bot, and wait until it is online.' },
    'lookup-held': { status: 429, remedy: 'Ask again after the time in Retry-After; WhatsApp answers only so many questions.' },
    'lookup-refused': { status: 502, remedy: 'Ask again later; WhatsApp has refused to answer.' },
    'message-unanswered': {
      status: 504,
      message: 'WhatsApp did not answer',
      remedy: 'Ask again, or look whether the bot is still online.',
    },
    'connection-lost': { status: 409, message: 'This session is not online', remedy: 'Start the bot, and wait until it is online.' },
    'version-unknown': { status: 502, remedy: 'Try again later, or set a version by hand.' },
    'setting-fixed': { status: 409, remedy: 'Change the flag or variable that fixes it, and start again.' },
    'link-still-good': { status: 409, remedy: 'Start the bot, or unlink it first.' },
    'bot-locked': { status: 409, remedy: 'Put the sealing key back, or give up the locked bots.' },
    'message-not-found': { status: 404, remedy: 'Check the id; the list of sent messages shows those there are.' },
    'message-on-its-way': { status: 409, remedy: 'Wait until it is sent or has failed.' },
    'idempotency-mismatch': { status: 409, remedy: 'Use a new Idempotency-Key for another message.' },
    'idempotency-malformed': { status: 400, remedy: 'Send an Idempotency-Key of 1 to 255 characters.' },
    'webhook-not-found': { status: 404, remedy: 'Check the id; the list of webhooks shows those there are.' },
    'delivery-not-found': { status: 404, remedy: 'Check the id; old deliveries are removed.' },
    'webhook-testing': { status: 409, remedy: 'Wait until the test has ended; it takes ten seconds at most.' },
    'sealed-locked': { status: 503, remedy: 'Put the sealing key back, or give up what it sealed.' },
    'webhook-refused': { status: 400, remedy: 'Give an http or https address that may be called from here.' },
    'address-refused': { status: 400, remedy: 'Give an address on the internet, or allow its network in the settings.' },
    ...groupFaults,
    ...channelFaults,
    ...statusFaults,
    'rule-not-found': { status: 404, remedy: 'Check the id; the list of rules shows those there are.' },
    'rule-malformed': { status: 400, remedy: 'Correct what the message names.' },
    'rule-beyond-caller': { status: 403, remedy: 'Use a key that may publish to that broker session.' },
    'too-many-rules': { status: 409, remedy: 'Remove a rule of the bot first.' },
    'message-not-editable': { status: 409, remedy: 'Send a new message instead; only words of the account’s own messages can be changed.' },
    'message-not-deletable': { status: 409, remedy: 'Delete what the account wrote itself, or in a group as its admin.' },
    'message-too-old': { status: 409, remedy: 'It can no longer be changed for others; send a new message instead.' },
    'message-not-forwardable': { status: 409, remedy: 'Send its content as a message of your own.' },
    'author-missing': { status: 400, remedy: 'Add the author of the message that it is about.' },
    'not-a-group': { status: 400, remedy: 'Name the people, or send it to a group.' },
    'ffmpeg-missing': {
      status: 409,
      remedy: 'Install ffmpeg, or say where it is in the settings (bots.ffmpeg); or send Ogg with Opus, and WebP for stickers.',
    },
    'conversion-failed': { status: 400, remedy: 'Send a recording or picture that is whole, in a usual format.' },
    'poll-not-found': {
      status: 404,
      remedy: 'Check the id and the chat; it must be a poll that came or was sent while the session was linked.',
    },
    'queue-full': { status: 409, remedy: 'Wait until messages have gone out, or remove some that wait.' },
    'source-refused': {
      status: 400,
      remedy: 'Check the address or the file: it must give something of the kind that is sent, and not be empty.',
    },
    'source-unreachable': { status: 502, remedy: 'Try again later, or hand the file over as an upload.' },
    'upload-not-found': { status: 400, remedy: 'Hand the file over again; an upload ends after a day.' },
    'upload-malformed': { status: 400, remedy: 'Send the whole file as the body, or a multipart form with a file in it.' },
    'uploads-full': { status: 409, remedy: 'Wait until messages have gone out, or until older uploads end.' },
    'file-too-large': { status: 413, remedy: 'Send a smaller file; the reference says how large each may be.' },
    'media-not-found': {
      status: 404,
      remedy: 'Check chat and message; files are known of messages that came while the log, or files, were kept.',
    },
    'media-gone': { status: 410, remedy: 'Ask whoever sent it to send it again.' },
    'media-broken': { status: 502, remedy: 'Ask whoever sent it to send it again.' },
    'media-held': { status: 503, remedy: 'Try again later; the phone may have to be online.' },
    'range-beyond': { status: 416, remedy: 'Ask for a part that lies within the size that the answer says.' },
    'chat-missing': { status: 400, remedy: 'Say which chat it is about.' },
    'call-not-found': { status: 404, remedy: 'Check the id; the list of calls shows those there were.' },
    'call-over': { status: 409, remedy: 'None: the call does not ring any more.' },
    'log-not-kept': { status: 409, remedy: 'Let the session keep a log first.' },
    'nothing-older': { status: 409, remedy: 'Wait until a message of the chat is in the log; older ones are those before it.' },
    'phone-unanswered': { status: 504, remedy: 'Switch the phone on, open WhatsApp there, and try again.' },
    'label-not-found': { status: 404, remedy: 'Check the id; the list of labels shows those there are.' },
    'settings-conflict': { status: 409, remedy: 'Try again in a moment.' },
    'contact-not-found': { status: 404, remedy: 'Check the number, or the id.' },
    'picture-not-found': { status: 404, remedy: 'None: there is no picture, or this account may not see it.' },
    'picture-malformed': { status: 400, remedy: 'Give a JPEG of up to 1 MB.' },
    'picture-unreachable': { status: 502, remedy: 'Try again; check the network, and the proxy of the bot.' },
    'phone-keys-missing': { status: 409, remedy: 'Open WhatsApp on the phone and leave it open for a minute, then try again.' },
    'whatsapp-refused': { status: 502, remedy: 'Check what the message says; WhatsApp does not let this account do it.' },
    'no-demo': { status: 404, remedy: 'Link a bot with a real phone; a pretend one is there only in a demo.' },
    'demo-refused': { status: 409, remedy: 'Check that the demo is still running, then try again.' },
    'key-required': {
      status: 401,
      message: 'Unauthorized: send a valid API key in the X-API-Key header',
      remedy: 'Send a key in the X-API-Key header.',
    },
    'key-refused': {
      status: 401,
      message: 'Unauthorized: send a valid API key in the X-API-Key header',
      remedy: 'Check the key; it may have been revoked or have ended.',
    },
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

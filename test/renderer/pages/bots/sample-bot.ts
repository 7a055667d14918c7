/** A whole bot, of which a test names only what it is about, and a server that has it. */
import type { ActivityView, BotView } from '../../../../server/bots/contract/index.ts'
import type { FakeTransport } from '../../support/fake-transport.ts'
import { standardServer } from '../../support/mount.ts'

export const at = (secondsAgo = 41): string => new Date(Date.now() - secondsAgo * 1_000).toISOString()

export const bot = (changes: Partial<BotView> = {}): BotView => ({
  userId: 'gate',
  phoneNumber: '15550100142',
  name: null,
  label: 'Gate alerts',
  notes: '',
  hasProxy: false,
  keepsLog: true,
  settings: {
    keepsLog: true,
    pause: null,
    dailyCap: null,
    keepMessagesFor: null,
    keepsDeleted: false,
    ignores: { groups: false, broadcasts: false, channels: true, status: true },
    ...{ keepsMedia: null, mediaKinds: null, mediaBudget: null, keepMediaFor: null },
    followsPresence: false,
    rejectCalls: false,
    rejectCallsText: null,
    history: null,
    groupJoinsPerDay: null,
    groupAddsPerDay: null,
  },
  limits: {
    ...{ pause: 2, dailyCap: 500, keepMessagesFor: 30, keepsMedia: false, mediaBudget: 1000, keepMediaFor: 30 },
    mediaKinds: ['image', 'video', 'audio', 'document', 'sticker'],
  },
  sentToday: 0,
  lastHour: { received: 0, sent: 0 },
  queue: 0,
  cappedUntil: null,
  heldUntil: null,
  state: 'online',
  reason: null,
  cause: null,
  restriction: null,
  since: at(),
  createdAt: at(),
  linkedAt: at(),
  retryAt: null,
  attempt: 0,
  pairing: null,
  ...changes,
})

export const activity = (userId: string, changes: Partial<ActivityView> = {}): ActivityView => ({
  userId,
  from: at(86_400),
  to: at(0),
  step: 900,
  received: [3, 4],
  sent: [5],
  failed: [],
  states: [],
  online: 1,
  ...changes,
})

/** Answers what the pages of one bot ask for; a test puts its own answers on top. */
export function serverWith(one: BotView): FakeTransport {
  const session = `/bots/api/sessions/${one.userId}`
  return standardServer()
    .on('GET /bots/v1/bots', () => ({ bots: [one], demo: false }))
    .on('GET /bots/v1/bot-activity', () => ({ bots: [activity(one.userId)] }))
    .on(`GET /bots/v1/bots/${one.userId}`, () => ({ bot: one, history: [], backups: [] }))
    .on(`GET /bots/v1/bots/${one.userId}/activity`, () => activity(one.userId))
    .on(`GET ${session}/chats`, () => ({ success: true, chats: [], next: null }))
    .on(`GET ${session}/log`, () => ({ success: true, messages: [], next: null }))
    .on(`GET ${session}/messages`, () => ({ success: true, messages: [], queue: 0 }))
    .on(`GET ${session}/groups`, () => ({ success: true, groups: [] }))
    .on(`GET ${session}/rules`, () => ({ success: true, rules: [] }))
    .on(`GET ${session}/webhooks`, () => ({ success: true, webhooks: [] }))
}

/** What happens to bots, as events for the audit trail and the window. */
import type { EventSink, NewEvent } from '../events/event.ts'
import type { Bot } from './bot/bot.ts'
import type { BotState } from './bot/states.ts'

type Words = Pick<NewEvent, 'title' | 'tone'>

/** States that are only on the way are shown, not kept. */
const states: Readonly<Record<BotState, Words & { audited: boolean }>> = {
  stopped: { title: 'Bot stopped', tone: 'neutral', audited: true },
  starting: { title: 'Bot starting', tone: 'busy', audited: false },
  pairing: { title: 'Bot waits for its phone', tone: 'busy', audited: true },
  online: { title: 'Bot online', tone: 'good', audited: true },
  reconnecting: { title: 'Bot lost its connection', tone: 'busy', audited: true },
  logged_out: { title: 'Bot unlinked on the phone', tone: 'bad', audited: true },
  blocked: { title: 'Bot refused by WhatsApp', tone: 'bad', audited: true },
  replaced: { title: 'Bot replaced by another program', tone: 'bad', audited: true },
  failed: { title: 'Bot failed', tone: 'attention', audited: true },
}

const deeds = {
  created: { title: 'Bot created', tone: 'neutral' },
  deleted: { title: 'Bot deleted', tone: 'neutral' },
  unlinked: { title: 'Bot unlinked and deleted', tone: 'neutral' },
  'backed-up': { title: 'Backup kept', tone: 'good' },
  restored: { title: 'Backup restored', tone: 'neutral' },
  changed: { title: 'Bot changed', tone: 'neutral' },
  'rule-added': { title: 'Rule added', tone: 'neutral' },
  'rule-changed': { title: 'Rule changed', tone: 'neutral' },
  'rule-removed': { title: 'Rule removed', tone: 'neutral' },
  'rule-failed': { title: 'Rule failed', tone: 'attention' },
} as const satisfies Record<string, Words>

export function announce(events: EventSink, { row }: Bot, state: BotState): void {
  events.emit({
    room: 'bots',
    type: `bot-${state.replace('_', '-')}`,
    subject: row.userId,
    ...states[state],
    data: row.reason === null ? {} : { reason: row.reason },
  })
}

export function announceDeed(
  events: EventSink,
  what: keyof typeof deeds,
  userId: string,
  actor: string,
  data: NonNullable<NewEvent['data']> = {},
): void {
  events.emit({ room: 'bots', type: `bot-${what}`, subject: userId, actor, ...deeds[what], data })
}

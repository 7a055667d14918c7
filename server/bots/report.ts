/** Which bots need a person, and how many there are. */
import { iso } from '../clock.ts'
import type { ConcernOf, RoomCounts } from '../room-report.ts'
import type { Bot } from './bot/bot.ts'
import { needsPerson } from './bot/lifecycle.ts'
import type { BotCause, BotState } from './contract/index.ts'
import type { WebhookConcerns } from './webhooks/report.ts'

export interface BotConcerns extends WebhookConcerns {
  'bot-stuck': {
    name: string
    state: BotState
    /** What it needs was sealed with a key that is not here. */ locked: boolean
    reason: string
    cause: BotCause | null
  }
}

export type BotFacts = { bots: number; online: number }

export function concernsOf(bots: readonly Bot[]): ConcernOf<Pick<BotConcerns, 'bot-stuck'>>[] {
  return bots
    .filter(({ row }) => needsPerson(row.state))
    .map(({ isLocked, row: { userId, label, state, reason, cause, since } }) => ({
      id: `bots:${userId}:${state}`,
      room: 'bots',
      kind: 'bot-stuck',
      facts: { name: label || userId, state, locked: isLocked, reason: reason ?? '', cause },
      tone: state === 'failed' ? 'attention' : 'bad',
      since: iso(since),
      action: null,
      subject: userId,
    }))
}

/** `total`: messages, ever. */
export function countsOf(bots: readonly Bot[], total: number): RoomCounts<BotFacts> {
  const online = bots.filter(({ state }) => state === 'online').length
  return { room: 'bots', count: online, facts: { bots: bots.length, online }, ratePer: 'min', total }
}

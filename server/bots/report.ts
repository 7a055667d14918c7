/** Which bots need a person, and how many there are. */
import { iso } from '../clock.ts'
import type { ConcernOf, RoomCounts } from '../room-report.ts'
import type { Bot } from './bot/bot.ts'
import { needsPerson } from './bot/lifecycle.ts'
import { restrictionWords } from './engine/restriction.ts'
import type { Restrictions } from './restrictions/restrictions.ts'
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
  'bot-restricted': { name: string; reason: string }
}

export type BotFacts = { bots: number; online: number }

type Own = ConcernOf<Pick<BotConcerns, 'bot-stuck' | 'bot-restricted'>>

export function concernsOf(bots: readonly Bot[], restrictions: Restrictions): Own[] {
  return [...stuck(bots), ...restricted(bots, restrictions)]
}

function stuck(bots: readonly Bot[]): Own[] {
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

function restricted(bots: readonly Bot[], restrictions: Restrictions): Own[] {
  return bots.flatMap(({ row: { userId, label } }) => {
    const held = restrictions.since(userId)
    if (held === null) return []
    return {
      id: `bots:${userId}:restricted`,
      room: 'bots',
      kind: 'bot-restricted',
      facts: { name: label || userId, reason: restrictionWords(held.restriction) },
      tone: 'attention',
      since: iso(held.since),
      action: null,
      subject: userId,
    }
  })
}

/** `total`: messages, ever. */
export function countsOf(bots: readonly Bot[], total: number): RoomCounts<BotFacts> {
  const online = bots.filter(({ state }) => state === 'online').length
  return { room: 'bots', count: online, facts: { bots: bots.length, online }, ratePer: 'min', total }
}

/** What a person sends to those who mend this program when a bot does not do what it should: all of it may be read by anybody. */
import { iso } from '../../clock.ts'
import { version } from '../../version.ts'
import type { Bot } from '../bot/bot.ts'
import type { BotReport } from '../contract/native/report.ts'
import type { OutboxStore } from '../messages/outbox-store.ts'
import type { BotStore } from '../store.ts'
import { withoutFacts } from './trail.ts'

export interface ReportParts {
  store: Pick<BotStore, 'history'>
  outbox: Pick<OutboxStore, 'list'>
  /** The version of WhatsApp's program that is spoken. */
  whatsappVersion(): Promise<string>
}

const statesShown = 100
const messagesLooked = 500

export async function reportOf({ row, state, trail, attempt }: Bot, { store, outbox, whatsappVersion }: ReportParts): Promise<BotReport> {
  const clean = (words: string | null): string | null => (words === null ? null : withoutFacts(words))
  const sent = new Map<string, { kind: string; status: string; problem: string | null; times: number }>()
  for (const { kind, status, problem } of outbox.list(row.userId, null, messagesLooked)) {
    const words = clean(problem)
    const key = `${kind} ${status} ${words}`
    const known = sent.get(key)
    if (known === undefined) sent.set(key, { kind, status, problem: words, times: 1 })
    else known.times += 1
  }
  return {
    program: {
      wheelhouse: version,
      whatsapp: await whatsappVersion(),
      node: process.version,
      system: `${process.platform} ${process.arch}`,
    },
    bot: { state, cause: row.cause, reason: clean(row.reason), since: iso(row.since), attempt, isLinked: row.linkedAt !== null },
    states: store.history(row.userId, statesShown).map((entry) => ({ at: iso(entry.at), state: entry.state, reason: clean(entry.reason) })),
    sent: [...sent.values()],
    seen: trail.list(),
    seenBeyond: trail.more,
  }
}

/** Rules as a part of the room: what a person sets, and what runs them. */
import type { Database } from 'better-sqlite3'
import type { Announcer } from '../../events/event-types.ts'
import type { Webhooks } from '../../events/webhooks/webhooks.ts'
import type { RoomContext } from '../../room.ts'
import type { botEvents } from '../events.ts'
import type { Messages } from '../messages/messages.ts'
import type { Outbox } from '../messages/outbox.ts'
import type { People } from '../people/people.ts'
import type { Publisher } from './publisher.ts'
import { ReadyRules } from './ready-rules.ts'
import { Rules } from './rules.ts'
import { RuleRunner } from './runner.ts'
import { createRuleStore } from './store.ts'

export interface RulesPartParts {
  context: Pick<RoomContext, 'clock' | 'log' | 'changed'>
  database: Database
  announcer: Announcer<typeof botEvents>
  people: Pick<People, 'idOf'>
  webhooks: Pick<Webhooks, 'list' | 'sendTo'>
  outbox: Outbox
  publisher: Publisher | null
  tell: Messages['tell']
}

export function createRulesPart({ context, database, announcer, people, webhooks, outbox, publisher, tell }: RulesPartParts) {
  const { clock, log } = context
  const ruleStore = createRuleStore(database)
  const ready = new ReadyRules(ruleStore)
  const rules = new Rules({
    ...{ store: ruleStore, ready, publisher, clock },
    idOf: (userId, id) => people.idOf(userId, id),
    hasWebhook: (userId, webhook) => webhooks.list('bots', userId).some(({ id }) => id === webhook),
    onAction: (action, userId, actor, rule) => {
      context.changed('bots')
      announcer.emit({ type: `bot-${action}`, subject: userId, actor, data: { rule } })
    },
  })
  const runner = new RuleRunner({
    ...{ rules: ready, store: ruleStore, outbox, publisher, clock, log },
    idOf: (userId, id) => people.idOf(userId, id),
    callWebhook: (userId, webhook, data, chat) => webhooks.sendTo('bots', userId, webhook, 'rule', data, { key: chat }),
    onEvent: (event) => tell(event),
    onFailing: (userId, rule, problem) => {
      context.changed('bots')
      announcer.emit({ type: 'bot-rule-failed', subject: userId, actor: 'system', data: { rule, problem } })
    },
  })
  return {
    rules,
    runner,
    forget(userId: string): void {
      ready.forget(userId)
      runner.forget(userId)
    },
  }
}

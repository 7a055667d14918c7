/** The rules put together. */
import { createWebhooks } from '../../events/webhooks/webhooks.ts'
import { everyRange } from '../../http/egress.ts'
import type { Standing } from '../../http/rights.ts'
import type { RoomContext } from '../../room.ts'
import type { BrokerService } from '../service.ts'
import { webhookRoom } from './doing.ts'
import { createHandover } from './handover.ts'
import { Rules } from './rules.ts'
import type { Teller } from './teller.ts'

export interface MakeRulesGiven {
  service: BrokerService
  context: RoomContext
  teller: Teller | null
  standingOf(maker: string): Standing | null
  changed(): void
}

export function makeRules({ service, context, teller, standingOf, changed }: MakeRulesGiven): Rules {
  const { database, sealer, clock, log, egress, settings, events } = context
  const webhooks = createWebhooks({
    ...{ database, sealer, clock, log, room: webhookRoom },
    // As the bots' webhooks are called.
    egress: egress.withRanges(() => (settings.current().webhooks.allowPrivate ? everyRange : [])),
    onTrouble: changed,
    onOutcome: ({ id }, outcome) => rules.calling(id)?.called(outcome),
  })
  const rules: Rules = new Rules({
    ...{ webhooks, database, events, log, changed },
    doing: { service, webhooks, teller, standingOf, handover: createHandover(database) },
  })
  return rules
}

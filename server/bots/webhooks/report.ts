/** Which webhooks of bots need a person: what they could not deliver, and those whose receiver says it is gone. */
import { iso } from '../../clock.ts'
import type { WebhookTrouble } from '../../events/webhooks/webhooks.ts'
import type { ConcernOf } from '../../room-report.ts'

export interface WebhookConcerns {
  'webhook-dead': {
    /** How the bot is called. */ bot: string
    url: string
    dead: number
    /** Dead letters that made room for newer ones. */ dropped: number
  }
  'webhook-gone': { bot: string; url: string }
}

export function webhookConcerns(troubles: readonly WebhookTrouble[], nameOf: (userId: string) => string): ConcernOf<WebhookConcerns>[] {
  return troubles.flatMap(({ id, subject, url, dead, dropped, standing, since }) => {
    const common = { room: 'bots', since: iso(since), action: 'open-webhooks', subject } as const
    const bot = nameOf(subject)
    const concerns: ConcernOf<WebhookConcerns>[] = []
    if (standing === 'gone') concerns.push({ ...common, id: `bots:${id}:gone`, kind: 'webhook-gone', tone: 'bad', facts: { bot, url } })
    if (dead > 0 || dropped > 0)
      concerns.push({
        ...common,
        ...{ id: `bots:${id}:dead`, kind: 'webhook-dead' as const, tone: dropped > 0 ? ('bad' as const) : ('attention' as const) },
        facts: { bot, url, dead, dropped },
      })
    return concerns
  })
}

/** Which rules need a person: those that fail over and over, and those whose webhook gave up or is gone. */
import { iso } from '../../clock.ts'
import type { WebhookTrouble } from '../../events/webhooks/webhooks.ts'
import type { ConcernOf } from '../../room-report.ts'
import type { Rules } from './rules.ts'

export interface RuleConcerns {
  'rule-failing': { rule: string; session: string; problem: string }
  /** Calls of its webhook that were given up, and of those some that made room for newer ones. */
  'rule-calls-dead': { rule: string; session: string; url: string; dead: number; dropped: number }
  /** Its receiver answered 410. */
  'rule-webhook-gone': { rule: string; session: string; url: string }
}

export function ruleConcerns(rules: Rules): ConcernOf<RuleConcerns>[] {
  return [...failing(rules), ...rules.troubles().flatMap((trouble) => ofWebhook(rules, trouble))]
}

function failing(rules: Rules): ConcernOf<RuleConcerns>[] {
  return rules.all().flatMap(({ stored, session, isFailing }): ConcernOf<RuleConcerns>[] => {
    const { name, enabled } = stored.definition
    const { problem, problemAt } = stored.counts
    if (!enabled || !isFailing || problem === null || problemAt === null) return []
    return [
      {
        id: `brokers-rule-${stored.id}`,
        kind: 'rule-failing',
        facts: { rule: name, session: session.name, problem },
        tone: 'attention',
        ...{ room: 'brokers', since: iso(problemAt), action: null, subject: session.name },
      },
    ]
  })
}

function ofWebhook(rules: Rules, { id, subject, url, dead, dropped, standing, since }: WebhookTrouble): ConcernOf<RuleConcerns>[] {
  const rule = rules.calling(id)?.stored.definition.name
  if (rule === undefined) return []
  const common = { room: 'brokers', since: iso(since), action: null, subject } as const
  const concerns: ConcernOf<RuleConcerns>[] = []
  if (standing === 'gone')
    concerns.push({ ...common, id: `brokers-${id}-gone`, kind: 'rule-webhook-gone', tone: 'bad', facts: { rule, session: subject, url } })
  if (dead > 0 || dropped > 0)
    concerns.push({
      ...common,
      ...{ id: `brokers-${id}-dead`, kind: 'rule-calls-dead' as const, tone: dropped > 0 ? ('bad' as const) : ('attention' as const) },
      facts: { rule, session: subject, url, dead, dropped },
    })
  return concerns
}

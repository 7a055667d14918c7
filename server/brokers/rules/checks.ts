/** What is refused of a rule that somebody writes. */
import type { Standing } from '../../http/rights.ts'
import type { NewRule } from '../contract/rules.ts'
import { logTopic, parseFilter } from '../engine/topics.ts'
import { BrokerFault } from '../fault.ts'
import { mayPublish, type Doing } from './doing.ts'
import { matcherOf } from './matching.ts'
import { isTooDeep, unknownPlaceholder } from './rendering.ts'

/** Letters of a template's JSON. */
const longestData = 65_536
/** Texts a minute that a bot sends where nobody said otherwise. */
const usualTexts = 10

export function withDefaults({ perMinute, ...rule }: NewRule) {
  return { ...rule, perMinute: perMinute === undefined ? (rule.action.type === 'bot' ? usualTexts : null) : perMinute }
}

/** Throws `rule-malformed` and `invalid-topic`. */
export async function checkWords({ filter, conditions, action }: NewRule, { needsUrl }: { needsUrl: boolean }): Promise<void> {
  const parsed = parseFilter(filter)
  if (parsed === null) throw malformed('filter is none: + and # stand alone in their level, # in the last')
  if (parsed.group !== null) throw malformed('filter may not be shared: a rule takes nothing from clients')
  if (filter === logTopic) throw malformed(`${logTopic} is told to clients alone`)
  const wanting = conditions.find((each) => each.of === 'field' && each.is !== 'there' && each.is !== 'missing' && each.value === undefined)
  if (wanting !== undefined) throw malformed('value is required for a field that is compared')
  await matcherOf(conditions).catch((error: unknown) => {
    throw malformed(`The pattern cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  })
  if (action.type === 'webhook' && needsUrl && action.url === undefined) throw malformed('url is required')
  if (action.type === 'topic' && action.data !== undefined) {
    if (isTooDeep(action.data)) throw malformed('data may be nested 32 levels deep at most')
    if (JSON.stringify(action.data).length > longestData) throw malformed(`data may have at most ${longestData} characters`)
  }
  const unknown = unknownPlaceholder(action, conditions)
  if (unknown !== null) throw malformed(`{{${unknown}}} is not known`)
}

/** A rule does what whoever adds it may do himself, and nothing else. Throws `rule-malformed` and `rule-beyond-caller`. */
export function checkReach(
  { service, teller }: Pick<Doing, 'service' | 'teller'>,
  own: string,
  action: NewRule['action'],
  by: Standing,
): void {
  if (action.type === 'topic' && action.session !== null && action.session !== own && !mayPublish(service, by, action.session))
    throw new BrokerFault('rule-beyond-caller', `Publishing takes brokers:use of ${action.session}, and that it is there`)
  if (action.type !== 'bot') return
  if (teller === null) throw malformed('This Wheelhouse runs without bots')
  if (!teller.allows(by, action.bot))
    throw new BrokerFault('rule-beyond-caller', `Sending takes bots:use of ${action.bot}, and that it is there`)
}

const malformed = (message: string): BrokerFault => new BrokerFault('rule-malformed', message)

/** What a rule would do with a message that is none. The same code decides as for real ones; nothing is done. */
import type { Standing } from '../../http/rights.ts'
import type { BrokerMessage } from '../contract/messages.ts'
import type { RuleSample, RuleTrial } from '../contract/rules.ts'
import { iso } from '../../clock.ts'
import { isTopic, matches } from '../engine/topics.ts'
import { BrokerFault } from '../fault.ts'
import { readContent } from './content.ts'
import { refusalOf, type Doing } from './doing.ts'
import { matcherOf } from './matching.ts'
import { render, type Rendered } from './rendered.ts'
import { RenderFault, type Facts } from './rendering.ts'
import type { Definition } from './store.ts'

export interface TrialGiven {
  doing: Pick<Doing, 'service' | 'teller'>
  session: string
  rule: { id: string; definition: Pick<Definition, 'name' | 'filter' | 'conditions' | 'action'> }
  /** Who answers for it; null when he may do nothing any more. */
  by: Standing | null
  /** Of its webhook, as it may be shown. */
  url: string
  sample: RuleSample
}

/** Throws `rule-malformed` for a message that nobody could publish. */
export async function tryOut({ doing, session, rule, by, url, sample }: TrialGiven): Promise<RuleTrial> {
  const { definition } = rule
  const now = doing.service.clock.now()
  const message = messageOf(sample, now)
  const content = readContent(message)
  const nothing = { matched: false, encrypted: content.isEncrypted, action: null, problem: null }
  if (!matches(definition.filter, message.topic)) return { ...nothing, reason: `The topic is none of ${definition.filter}` }
  const { caught, reason } = (await matcherOf(definition.conditions))(content, message)
  if (caught === null) return { ...nothing, reason }
  const facts: Facts = { message, content, caught, session, rule: definition.name }
  const matched = { matched: true, reason: null, encrypted: content.isEncrypted }
  try {
    const made = render({ rule: { id: rule.id, name: definition.name, action: definition.action }, message, facts, name: 'sample', now })
    return { ...matched, action: shown(made, url), problem: refusalOf(doing, made, session, by) }
  } catch (error) {
    if (error instanceof RenderFault) return { ...matched, action: null, problem: error.message }
    throw error
  }
}

function messageOf({ topic, data, encoding, publisher }: RuleSample, now: number): BrokerMessage {
  if (!isTopic(topic)) throw new BrokerFault('rule-malformed', 'topic of the message is none to publish on')
  const bytes = typeof data === 'string' ? Buffer.from(data, encoding ?? 'utf8') : Buffer.from(JSON.stringify(data))
  if (encoding !== undefined && (typeof data !== 'string' || bytes.toString('base64') !== data))
    throw new BrokerFault('rule-malformed', 'data of the message is not Base64')
  return {
    ...{ topic, messageId: 'sample', publisher, at: iso(now), expiresAt: null, qos: 1, retained: false, retain: false },
    ...{ source: encoding === undefined ? 'json' : 'mqtt', bytes: bytes.length, data },
    ...(encoding === undefined ? {} : { encoding }),
  }
}

function shown(made: Rendered, url: string): RuleTrial['action'] {
  if (made.type === 'webhook') return { type: 'webhook', url, body: made.body }
  if (made.type === 'bot') return made
  const { topic, data, encoding, retain } = made.publication
  return { type: 'topic', session: made.session, topic, data, retain, ...(encoding === undefined ? {} : { encoding }) }
}

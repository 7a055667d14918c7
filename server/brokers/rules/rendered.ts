/** What a rule is about to do with one message. */
import type { BrokerMessage, PublicationInput } from '../contract/messages.ts'
import { renderData, RenderFault, renderText, renderTopic, type Facts } from './rendering.ts'
import type { KeptAction } from './store.ts'

export type Rendered =
  | { type: 'webhook'; webhook: string; body: object }
  | { type: 'topic'; session: string; publication: PublicationInput }
  | { type: 'bot'; bot: string; chat: string; text: string }

export interface RenderGiven {
  rule: { id: string; name: string; action: KeptAction }
  message: BrokerMessage
  facts: Facts
  /** Names what is made. */
  name: string
  /** Wall clock, ms. */
  now: number
}

/** Letters of a text that a bot sends. */
const longestText = 65_536

/** Throws `RenderFault`. */
export function render({ rule, message, facts, name, now }: RenderGiven): Rendered {
  const { action } = rule
  switch (action.type) {
    case 'webhook': {
      const body = { session: facts.session, rule: { id: rule.id, name: rule.name }, message, caught: facts.caught.slice(1) }
      return { type: 'webhook', webhook: action.webhook, body }
    }
    case 'topic': {
      const { topic: template, data, retain, session } = action
      const { qos, expiresAt } = message
      // It lives as long as what it was made of.
      const ttl = expiresAt === null ? null : Math.max(1, Date.parse(expiresAt) - now)
      const shared = { topic: renderTopic(template, facts), retain, qos, ttl, messageId: `${rule.id}.${name}` }
      const content = data === undefined ? contentOf(message) : { data: renderData(data, facts) }
      return { type: 'topic', session: session ?? facts.session, publication: { ...shared, ...content } }
    }
    case 'bot': {
      const text = renderText(action.text, facts).trim()
      if (text === '') throw new RenderFault('The text comes out empty')
      if (text.length > longestText) throw new RenderFault(`The text comes out with ${text.length} characters`)
      return { type: 'bot', bot: action.bot, chat: action.chat, text }
    }
  }
}

/** The message as it is, in the protocol in which it came. */
function contentOf({ data, encoding, source, hash, timestamp, headers, properties }: BrokerMessage) {
  return {
    ...{ data, source },
    ...(encoding === undefined ? {} : { encoding }),
    ...(hash === undefined ? {} : { hash }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(headers === undefined ? {} : { headers }),
    ...(properties === undefined ? {} : { properties }),
  }
}

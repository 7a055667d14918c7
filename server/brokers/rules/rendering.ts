/** What a rule makes of a message: its placeholders filled in. Pure; the trial shows the same that is done. */
import { fill, onlyPlaceholder, placeholdersIn } from '../../placeholders.ts'
import type { BrokerMessage } from '../contract/messages.ts'
import type { RuleAction, RuleCondition } from '../contract/rules.ts'
import { isTopic } from '../engine/topics.ts'
import { fieldOf, type Content } from './content.ts'

/** What placeholders stand for. */
export interface Facts {
  message: Pick<BrokerMessage, 'topic' | 'publisher' | 'messageId' | 'at'>
  content: Content
  /** What a pattern among the conditions caught, the whole first. */
  caught: readonly string[]
  session: string
  rule: string
}

/** This message cannot be rendered, now or later. */
export class RenderFault extends Error {}

const names = new Set(['text', 'topic', 'data', 'publisher', 'id', 'at', 'session', 'rule'])
/** They are of the message's publisher, who must not choose levels of the topic by them. */
const ofThePublisher = /^(?:text|data|publisher|id|[1-9])(?:$|\.)/
/** `data` of a template is JSON of at most so many levels. */
const deepest = 32

/** The first placeholder that nobody knows; null when all are known. */
export function unknownPlaceholder(action: RuleAction, conditions: readonly RuleCondition[]): string | null {
  const hasGroups = conditions.some((condition) => condition.of !== 'field' && condition.how === 'regex')
  const isKnown = (name: string): boolean =>
    names.has(name) || /^topic\.[1-9]\d?$/.test(name) || /^data\.[^.]/.test(name) || (hasGroups && /^[1-9]$/.test(name))
  const templates = action.type === 'bot' ? [action.text] : action.type === 'topic' ? [action.topic, ...textsIn(action.data)] : []
  return templates.flatMap(placeholdersIn).find((name) => !isKnown(name)) ?? null
}

/** Whether the JSON of a template is too deep to be worked through. */
export function isTooDeep(value: unknown, levels = deepest): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isTooDeep(each, levels - 1))
}

/** Throws `RenderFault`. */
export function renderText(template: string, facts: Facts): string {
  return fill(template, (name) => textOf(valueOf(name, facts)))
}

/** JSON with its texts filled in; one that is a placeholder alone becomes what that stands for. Throws `RenderFault`. */
export function renderData(template: unknown, facts: Facts): unknown {
  if (typeof template === 'string') {
    const name = onlyPlaceholder(template)
    return name === null ? renderText(template, facts) : valueOf(name, facts)
  }
  if (Array.isArray(template)) return template.map((each) => renderData(each, facts))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, renderData(value, facts)]))
}

/** Throws `RenderFault` where it comes to no topic, or where the message's publisher would choose more than one level of it. */
export function renderTopic(template: string, facts: Facts): string {
  const topic = fill(template, (name) => {
    const text = textOf(valueOf(name, facts))
    if (ofThePublisher.test(name) && (text === '' || /[/+#\0]/.test(text)))
      throw new RenderFault(`{{${name}}} is ${JSON.stringify(text.slice(0, 100))}, which is no level of a topic`)
    return text
  })
  if (!isTopic(topic) || topic.startsWith('$')) throw new RenderFault(`${JSON.stringify(topic.slice(0, 100))} is no topic to publish on`)
  return topic
}

function valueOf(name: string, { message, content, caught, session, rule }: Facts): unknown {
  const [first = '', ...rest] = name.split('.')
  switch (first) {
    case 'topic':
      return rest.length === 0 ? message.topic : known(name, message.topic.split('/')[Number(rest[0]) - 1])
    case 'text':
      return readable(name, content, content.text)
    case 'data':
      // A content that is no JSON is its text.
      return rest.length === 0
        ? readable(name, content, content.json === undefined ? content.text : content.json)
        : known(name, readable(name, content, fieldOf(content.json, rest.join('.'))))
    case 'publisher':
      return message.publisher
    case 'id':
      return message.messageId
    case 'at':
      return message.at
    case 'session':
      return session
    case 'rule':
      return rule
    default:
      return caught[Number(first)] ?? ''
  }
}

function readable(name: string, { isEncrypted }: Content, value: unknown): unknown {
  if (isEncrypted && name.startsWith('data.')) throw new RenderFault(`{{${name}}} cannot be read: the content is encrypted end to end`)
  if (value === null && name === 'text') throw new RenderFault(`{{${name}}} cannot be read: the content is bytes and no text`)
  return value
}

function known(name: string, value: unknown): unknown {
  if (value === undefined) throw new RenderFault(`{{${name}}} is not in the message`)
  return value
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

/** How rules read. */
import type { BrokerRule, RuleCondition } from '../../../../server/brokers/contract/index.ts'
import type { StatePresentation } from '../../../presentation/tone.ts'
import { words } from '../../../presentation/words.ts'

export function rulePresentation({ state }: Pick<BrokerRule, 'state'>): StatePresentation {
  const label = words.states.rules[state]
  switch (state) {
    case 'on':
      return { tone: 'good', shape: 'filled', label }
    case 'failing':
      return { tone: 'attention', shape: 'halo', label }
    case 'resting':
      return { tone: 'off', shape: 'filled', label }
    case 'locked':
      return { tone: 'bad', shape: 'filled', label }
    case 'off':
      return { tone: 'off', shape: 'hollow', label }
  }
}

export const actionIcons: Readonly<Record<BrokerRule['action']['type'], string>> = {
  webhook: 'i-lucide-webhook',
  topic: 'i-lucide-arrow-right-left',
  bot: 'i-lucide-message-circle',
}

export function actionWords(action: BrokerRule['action']): string {
  switch (action.type) {
    case 'webhook':
      return `Calls ${action.url}`
    case 'topic': {
      const what = action.data === undefined ? 'it' : 'its own message'
      return `Publishes ${what} on ${action.topic}${action.session === null ? '' : ` of ${action.session}`}`
    }
    case 'bot':
      return `${action.bot} sends “${action.text}” to ${action.chat}`
  }
}

const hows = { contains: 'has', equals: 'is exactly', starts: 'begins with', regex: 'fits' } as const
const comparisons: Readonly<Record<Extract<RuleCondition, { of: 'field' }>['is'], string>> = {
  equals: '=',
  not: '≠',
  greater: '>',
  'at-least': '≥',
  less: '<',
  'at-most': '≤',
  contains: 'has',
  there: 'is there',
  missing: 'is missing',
}

/** `temperature > 30`. */
export function conditionWords(condition: RuleCondition): string {
  if (condition.of !== 'field') return `${condition.of} ${hows[condition.how]} “${condition.value}”`
  const { path, is, value } = condition
  const name = path === '' ? 'the content' : path
  return is === 'there' || is === 'missing' ? `${name} ${comparisons[is]}` : `${name} ${comparisons[is]} ${JSON.stringify(value)}`
}

/** What has come of it, as figures with their words; those that say nothing are left out. */
export function figuresOf(rule: BrokerRule): { label: string; value: number; title?: string }[] {
  const waiting = rule.queued + (rule.action.type === 'webhook' ? rule.action.waiting : 0)
  return [
    { label: 'matched', value: rule.matched },
    { label: 'done', value: rule.done },
    ...[
      { label: 'wait', value: waiting },
      { label: 'failed', value: rule.failed },
      { label: 'held', value: rule.held, title: 'Left out by its limit per minute' },
      { label: 'came round', value: rule.looped, title: 'Left out: rules had made them out of each other' },
    ].filter(({ value }) => value > 0),
  ]
}

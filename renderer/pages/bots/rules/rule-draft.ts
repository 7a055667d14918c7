/** A rule while it is being written: fields as a person types them, and the rule that they make. */
import type { RuleAction, RuleDefinition, RuleMatch, RuleView } from '../../../../server/bots/contract/index.ts'

export interface RuleDraft {
  name: string
  how: 'any' | NonNullable<RuleMatch['text']>['how']
  value: string
  caseSensitive: boolean
  kinds: RuleMatch['kinds']
  where: RuleMatch['where']
  /** Numbers, as they are typed: parted by commas, spaces or lines. */
  senders: string
  chats: string
  action: RuleAction['type']
  template: string
  quote: boolean
  webhook: string
  session: string
  topic: string
  perMinute: number
  stop: boolean
}

export const emptyDraft = (): RuleDraft => ({
  name: '',
  how: 'contains',
  value: '',
  caseSensitive: false,
  kinds: [],
  where: 'anywhere',
  senders: '',
  chats: '',
  action: 'reply',
  template: '',
  quote: false,
  webhook: '',
  session: '',
  topic: '',
  perMinute: 5,
  stop: true,
})

export function draftOf({
  name,
  match,
  action,
  perMinute,
  stop,
}: Pick<RuleView, 'name' | 'match' | 'action' | 'perMinute' | 'stop'>): RuleDraft {
  return {
    ...emptyDraft(),
    ...{ name, perMinute, stop, kinds: match.kinds, where: match.where },
    how: match.text?.how ?? 'any',
    value: match.text?.value ?? '',
    caseSensitive: match.text?.caseSensitive ?? false,
    senders: match.senders.join(', '),
    chats: match.chats.join(', '),
    action: action.type,
    ...(action.type === 'reply'
      ? { template: action.template, quote: action.quote }
      : action.type === 'webhook'
        ? { webhook: action.webhook }
        : { session: action.session, topic: action.topic }),
  }
}

/** What is missing or malformed, in words; empty when it can be saved. */
export function problemsOf(draft: RuleDraft): Partial<Record<keyof RuleDraft, string>> {
  const problems: Partial<Record<keyof RuleDraft, string>> = {}
  if (draft.name.trim() === '') problems.name = 'A rule needs a name'
  if (draft.how !== 'any' && draft.value === '') problems.value = 'What the text must be like'
  if (draft.action === 'reply' && draft.template.trim() === '') problems.template = 'What it answers'
  if (draft.action === 'webhook' && draft.webhook === '') problems.webhook = 'Which webhook is called'
  if (draft.action === 'publish' && draft.session === '') problems.session = 'Which broker session'
  if (draft.action === 'publish' && draft.topic.trim() === '') problems.topic = 'Which topic'
  const wrong = parts(draft.senders)
    .map(plain)
    .find((number) => !/^[1-9][0-9]{5,14}$/.test(number))
  if (wrong !== undefined) problems.senders = `${wrong} is no number with a country code`
  return problems
}

export function definitionOf(draft: RuleDraft, enabled = true): RuleDefinition {
  return {
    name: draft.name.trim(),
    enabled,
    match: {
      text: draft.how === 'any' ? null : { how: draft.how, value: draft.value, caseSensitive: draft.caseSensitive },
      kinds: draft.kinds,
      where: draft.where,
      senders: parts(draft.senders).map(plain),
      chats: parts(draft.chats).map((chat) => (chat.includes('@') ? chat : plain(chat))),
    },
    action: actionOf(draft),
    perMinute: draft.perMinute,
    stop: draft.stop,
  }
}

function actionOf(draft: RuleDraft): RuleAction {
  switch (draft.action) {
    case 'reply':
      return { type: 'reply', template: draft.template, quote: draft.quote }
    case 'webhook':
      return { type: 'webhook', webhook: draft.webhook }
    case 'publish':
      return { type: 'publish', session: draft.session, topic: draft.topic.trim() }
  }
}

const parts = (text: string): string[] =>
  text
    .split(/[,;\n]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
const plain = (number: string): string => number.replace(/[\s().+-]/g, '')

const hows = { contains: 'has', equals: 'is exactly', starts: 'begins with', regex: 'fits' } as const
const wheres: Readonly<Record<RuleMatch['where'], string>> = {
  anywhere: '',
  people: 'from a person alone',
  groups: 'in a group',
  broadcasts: 'from a broadcast list',
  channels: 'in a channel',
  status: 'in a status',
}

/** `Text has “gate”, in a group`. */
export function matchWords({ text, kinds, where, senders, chats }: RuleMatch): string {
  const said = [
    text === null ? (kinds.length === 0 ? 'Any message' : '') : `Text ${hows[text.how]} “${text.value}”`,
    kinds.length === 0 ? '' : `of kind ${kinds.join(', ')}`,
    wheres[where],
    senders.length === 0 ? '' : `from ${senders.length === 1 ? 'one number' : `${senders.length} numbers`}`,
    chats.length === 0 ? '' : `in ${chats.length === 1 ? 'one chat' : `${chats.length} chats`}`,
  ]
    .filter((words) => words !== '')
    .join(', ')
  return said === '' ? 'Any message' : said[0]?.toUpperCase() + said.slice(1)
}

export function actionWords(action: RuleAction, webhookUrl: (id: string) => string | undefined): string {
  switch (action.type) {
    case 'reply':
      return `Answers “${action.template}”`
    case 'webhook':
      return `Calls ${webhookUrl(action.webhook) ?? 'a webhook that is gone'}`
    case 'publish':
      return `Publishes to ${action.topic} of ${action.session}`
  }
}

export const actionIcons: Readonly<Record<RuleAction['type'], string>> = {
  reply: 'i-lucide-reply',
  webhook: 'i-lucide-webhook',
  publish: 'i-lucide-radio-tower',
}

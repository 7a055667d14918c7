/** What is typed to make or change a rule, and what the API is told of it. */
import type { BrokerRule, NewRule, RuleAction, RuleCondition } from '../../../../server/brokers/contract/index.ts'

export interface ConditionForm {
  of: RuleCondition['of']
  how: Exclude<RuleCondition, { of: 'field' }>['how']
  path: string
  is: Extract<RuleCondition, { of: 'field' }>['is']
  value: string
  caseSensitive: boolean
}

export interface RuleForm {
  name: string
  filter: string
  conditions: ConditionForm[]
  action: RuleAction['type']
  /** Empty leaves what is kept. */
  url: string
  /** Empty for the rule's own. */
  session: string
  topic: string
  /** The message goes on as it is; otherwise `data` stands in its place. */
  asIs: boolean
  data: string
  retain: boolean
  bot: string
  chat: string
  text: string
  /** Empty for no limit. */
  perMinute: string
}

export const emptyCondition = (): ConditionForm => ({
  ...{ of: 'field', how: 'contains', path: '', is: 'greater', value: '', caseSensitive: false },
})

export function formOf(rule: BrokerRule | null): RuleForm {
  const form: RuleForm = {
    ...{ name: rule?.name ?? '', filter: rule?.filter ?? '', conditions: rule?.conditions.map(conditionForm) ?? [] },
    ...{ action: rule?.action.type ?? 'topic', url: '', session: '', topic: '', asIs: true, data: '', retain: false },
    ...{ bot: '', chat: '', text: '', perMinute: rule === null ? '' : String(rule.perMinute ?? '') },
  }
  if (rule === null || rule.action.type === 'webhook') return form
  if (rule.action.type === 'bot') return { ...form, bot: rule.action.bot, chat: rule.action.chat, text: rule.action.text }
  const { session, topic, data, retain } = rule.action
  return { ...form, session: session ?? '', topic, retain, asIs: data === undefined, data: data === undefined ? '' : typedOf(data) }
}

/** The rule that the empty page tells of. */
export const exampleForm = (): RuleForm => ({
  ...formOf(null),
  ...{ name: 'too warm', filter: 'rooms/+/climate', topic: 'alerts/{{topic.2}}' },
  conditions: [{ ...emptyCondition(), path: 'temperature', value: '30' }],
})

/** Texts of a bot go to a person: a limit that nobody has typed is 10 a minute there, and none elsewhere. */
export function limitFor(action: RuleForm['action'], before: RuleForm['action'], typed: string, kept: string): string {
  if (action === 'bot') return typed === '' ? '10' : typed
  return before === 'bot' && typed === '10' ? kept : typed
}

/** What has to be typed before it can be saved, in words; null where nothing is missing. `rule` is the one that is changed. */
export function problemOf(form: RuleForm, rule: BrokerRule | null): string | null {
  if (form.name.trim() === '') return 'A rule needs a name'
  if (form.filter.trim() === '') return 'Which topics?'
  if (form.conditions.some((each) => each.of !== 'field' && each.value === '')) return 'A condition says nothing yet'
  if (form.perMinute.trim() !== '' && !/^[1-9]\d{0,4}$/.test(form.perMinute.trim())) return 'The limit is a whole number'
  switch (form.action) {
    case 'webhook':
      return (form.url.trim() === '' && rule?.action.type === 'webhook') || /^https?:\/\/./.test(form.url.trim())
        ? null
        : 'The address begins with https:// or http://'
    case 'topic':
      if (form.topic.trim() === '') return 'Which topic?'
      // Nothing at all, retained, would take away what the topic keeps.
      return !form.asIs && form.data.trim() === '' ? 'What is published instead?' : null
    case 'bot':
      if (form.bot === '') return 'Which bot?'
      return form.chat.trim() === '' ? 'To which number?' : form.text.trim() === '' ? 'What does it send?' : null
  }
}

export function bodyOf(form: RuleForm): Omit<NewRule, 'enabled'> {
  const limit = form.perMinute.trim()
  return {
    name: form.name.trim(),
    filter: form.filter.trim(),
    conditions: form.conditions.map(conditionOf),
    action: actionOf(form),
    perMinute: limit === '' ? null : Number(limit),
  }
}

function actionOf(form: RuleForm): RuleAction {
  switch (form.action) {
    case 'webhook':
      return { type: 'webhook', ...(form.url.trim() === '' ? {} : { url: form.url.trim() }) }
    case 'topic':
      return {
        ...{ type: 'topic', session: form.session === '' ? null : form.session, topic: form.topic.trim(), retain: form.retain },
        ...(form.asIs ? {} : { data: meant(form.data) }),
      }
    case 'bot': {
      const chat = form.chat.trim()
      return { type: 'bot', bot: form.bot, chat: chat.includes('@') ? chat : chat.replace(/[\s().+-]/g, ''), text: form.text }
    }
  }
}

function conditionForm(condition: RuleCondition): ConditionForm {
  if (condition.of !== 'field') return { ...emptyCondition(), ...condition }
  const { path, is, value } = condition
  return { ...emptyCondition(), of: 'field', path, is, value: value === undefined ? '' : typedOf(value) }
}

function conditionOf({ of, how, path, is, value, caseSensitive }: ConditionForm): RuleCondition {
  if (of !== 'field') return { of, how, value, caseSensitive }
  const compared = meant(value)
  const isPlain = compared === null || ['string', 'number', 'boolean'].includes(typeof compared)
  return {
    of,
    path: path.trim(),
    is,
    ...(is === 'there' || is === 'missing' ? {} : { value: isPlain ? (compared as string | number | boolean | null) : value }),
  }
}

/** What somebody types means a number, true, false, null or an object where it reads as JSON, and is a text otherwise. */
export function meant(typed: string): unknown {
  try {
    return JSON.parse(typed) as unknown
  } catch {
    return typed
  }
}

/** As it is typed to mean this. */
export function typedOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value, null, 2)
  return meant(value) === value ? value : JSON.stringify(value)
}

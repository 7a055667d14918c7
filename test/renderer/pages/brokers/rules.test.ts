import { defineComponent, h } from 'vue'
import { afterEach, describe, expect, it } from 'vitest'
import {
  bodyOf,
  emptyCondition,
  exampleForm,
  formOf,
  limitFor,
  problemOf,
  type RuleForm,
} from '../../../../renderer/pages/brokers/rules/rule-form.ts'
import { conditionWords, rulePresentation } from '../../../../renderer/pages/brokers/rules/rule-presentation.ts'
import RulesTab from '../../../../renderer/pages/brokers/rules/rules-tab.vue'
import type { BrokerRule } from '../../../../server/brokers/contract/index.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const at = new Date(Date.now() - 41_000).toISOString()
const rule = (changes: Partial<BrokerRule> = {}): BrokerRule => ({
  ...{ id: 'rule_1', name: 'too warm', enabled: true, filter: 'rooms/+/climate', perMinute: null, createdAt: at, state: 'on' },
  conditions: [{ of: 'field', path: 'temperature', is: 'greater', value: 30 }],
  action: { type: 'topic', session: null, topic: 'alerts/{{topic.2}}', retain: false },
  ...{ matched: 12, done: 11, failed: 0, held: 0, looped: 0, queued: 1, givenUp: 0, lastFiredAt: at, problem: null, problemAt: null },
  ...changes,
})
const webhook: Extract<BrokerRule['action'], { type: 'webhook' }> = {
  ...{ type: 'webhook', url: 'https://hooks.example/…', headers: [], standing: 'on', waiting: 2 },
}

let page: MountedPage | undefined
afterEach(() => page?.unmount())

async function open(rules: BrokerRule[]): Promise<MountedPage> {
  const server = standardServer().on('GET /brokers/v1/sessions/orders/rules', () => ({ rules }))
  page = await mountPage(defineComponent({ render: () => h(RulesTab, { name: 'orders' }) }), { server })
  await settle()
  return page
}

describe('the rules of a session', () => {
  it('shows what each looks for and does, and what came of it', async () => {
    const { text } = await open([rule()])
    const parts = ['too warm', 'Works', 'rooms/+/climate', 'temperature > 30', 'Publishes it on alerts/{{topic.2}}', '12 matched', '1 wait']
    for (const part of parts) expect(text()).toContain(part)
  })

  it('says why one fails, what it gave up, and what a first rule is for', async () => {
    const { text } = await open([
      rule({ action: webhook, state: 'failing', problem: 'answered 500', problemAt: at, failed: 3, givenUp: 3 }),
    ])
    for (const part of ['Failing', 'answered 500', '3 given up', 'Try again', 'Calls https://hooks.example/…'])
      expect(text()).toContain(part)
    page?.unmount()
    expect((await open([rule({ action: { ...webhook, standing: 'gone' } })])).text()).toContain('answered 410')
    page?.unmount()
    expect((await open([])).text()).toContain('A rule does something with each message of a topic')
  })
})

describe('what is typed of a rule', () => {
  const typed = (changes: Partial<RuleForm>): RuleForm => ({ ...formOf(null), name: 'rule', filter: 'a', topic: 'b', ...changes })

  it('means numbers where they are numbers, and comes back as it was', () => {
    const conditions = ['30', 'true', '"30"', 'hot'].map((value) => ({ ...emptyCondition(), path: 'x', value }))
    const body = bodyOf(typed({ conditions }))
    expect(body.conditions.map((each) => each.value)).toEqual([30, true, '30', 'hot'])
    const kept = rule({
      conditions: body.conditions,
      action: { type: 'topic', session: 'x', topic: 'b', retain: true, data: { a: '{{data}}' } },
    })
    expect(bodyOf(formOf(kept))).toEqual({
      name: kept.name,
      filter: kept.filter,
      conditions: kept.conditions,
      action: kept.action,
      perMinute: null,
    })
  })

  it('is not nothing: an empty message would take away what its topic keeps', () => {
    const form = { ...exampleForm(), asIs: false, data: ' ' }
    expect(problemOf(form, null)).toBe('What is published instead?')
    expect(problemOf({ ...form, data: '0' }, null)).toBeNull()
  })

  it('begins with the example where somebody takes it over', () => {
    expect(problemOf(exampleForm(), null)).toBeNull()
    expect(bodyOf(exampleForm())).toMatchObject({
      filter: 'rooms/+/climate',
      conditions: [{ of: 'field', path: 'temperature', is: 'greater', value: 30 }],
      action: { type: 'topic', topic: 'alerts/{{topic.2}}' },
    })
  })

  it('has a limit for a bot that does not stay behind when it is another action again', () => {
    expect(limitFor('bot', 'topic', '', '')).toBe('10')
    expect(limitFor('topic', 'bot', '10', '')).toBe('')
    expect(limitFor('topic', 'bot', '25', '')).toBe('25')
    expect(limitFor('bot', 'webhook', '40', '40')).toBe('40')
  })

  it('leaves the address of a webhook as it is where none is typed', () => {
    const kept = rule({ action: webhook })
    expect(bodyOf(formOf(kept)).action).toEqual({ type: 'webhook' })
    expect(problemOf(formOf(kept), kept)).toBeNull()
    expect(problemOf(typed({ action: 'webhook' }), null)).not.toBeNull()
  })

  it('sends to a number however it is written, and needs all that it needs', () => {
    const bot = typed({ action: 'bot', bot: 'gate', chat: '+1 555 010-0011', text: 'Hello' })
    expect(bodyOf(bot).action).toEqual({ type: 'bot', bot: 'gate', chat: '15550100011', text: 'Hello' })
    expect(
      [problemOf(bot, null), problemOf({ ...bot, text: ' ' }, null), problemOf({ ...bot, perMinute: 'x' }, null)].map(
        (each) => each === null,
      ),
    ).toEqual([true, false, false])
  })
})

it('a state is a dot and a word, a condition a few words', () => {
  expect(rulePresentation({ state: 'failing' })).toEqual({ tone: 'attention', shape: 'halo', label: 'Failing' })
  expect(conditionWords({ of: 'text', how: 'regex', value: '^a', caseSensitive: false })).toBe('text fits “^a”')
  expect(conditionWords({ of: 'field', path: '', is: 'there' })).toBe('the content is there')
})

/** The handlers of rules: contract in, rules out. */
import { actorOf, type Call, type Handlers } from '../../http/api.ts'
import { ownerStanding, type Standing } from '../../http/rights.ts'
import { shownAddress } from '../../http/shown-address.ts'
import type { BrokerRule, NewRule, ruleRoutes, RuleSample } from '../contract/rules.ts'
import { checkWords } from './checks.ts'
import { webhookRoom } from './doing.ts'
import { discard, retry } from './given-up.ts'
import type { Asker, Rules } from './rules.ts'
import type { RunningRule } from './running-rule.ts'
import { tryOut } from './trial.ts'
import { ruleViews } from './view.ts'

export function ruleHandlers(load: () => Promise<Rules>): Handlers<typeof ruleRoutes> {
  return {
    async rules({ params: { name } }) {
      const rules = await load()
      return { status: 200, body: { rules: await ruleViews(rules, name, rules.of(name)) } }
    },
    async createRule({ params: { name }, body }, call) {
      const rules = await load()
      const { rule, secret } = await rules.create(name, body, askerOf(call))
      return { status: 201, body: { ...(await viewOf(rules, rule)), secret } }
    },
    async tryRule({ params: { name }, body: { rule, message } }, call) {
      return { status: 200, body: await tryDraft(await load(), name, rule, message, call.standing) }
    },
    async tryKeptRule({ params: { name, rule: id }, body: { message } }) {
      const rules = await load()
      const { stored } = rules.find(name, id)
      const { action } = stored.definition
      const webhook = rules.webhooks.list(webhookRoom, name).find((each) => action.type === 'webhook' && each.id === action.webhook)
      const by = stored.madeBy === null ? ownerStanding : rules.doing.standingOf(stored.madeBy)
      const given = { doing: rules.doing, session: name, rule: stored, by, url: webhook?.url ?? '', sample: message }
      return { status: 200, body: await tryOut(given) }
    },
    async rule({ params: { name, rule } }) {
      const rules = await load()
      return { status: 200, body: await viewOf(rules, rules.find(name, rule)) }
    },
    async changeRule({ params: { name, rule: id }, body }, call) {
      const rules = await load()
      const { rule, secret } = await rules.change(name, id, body, askerOf(call))
      return { status: 200, body: { ...(await viewOf(rules, rule)), secret } }
    },
    async removeRule({ params: { name, rule } }, call) {
      await (await load()).remove(name, rule, actorOf(call.caller))
      return { status: 204, body: null }
    },
    async retryRule({ params: { name, rule } }) {
      const rules = await load()
      return { status: 200, body: { count: await retry(rules, rules.find(name, rule)) } }
    },
    async discardOfRule({ params: { name, rule } }) {
      const rules = await load()
      return { status: 200, body: { count: await discard(rules, rules.find(name, rule)) } }
    },
  }
}

const askerOf = ({ caller, standing }: Call): Asker => ({ actor: actorOf(caller), by: standing })

async function viewOf(rules: Rules, rule: RunningRule): Promise<BrokerRule> {
  const [view] = await ruleViews(rules, rule.session.name, [rule])
  if (view === undefined) throw new Error('a rule without a view')
  return view
}

async function tryDraft(rules: Rules, session: string, draft: NewRule, sample: RuleSample, by: Standing) {
  const { action, ...words } = draft
  rules.of(session)
  await checkWords(draft, { needsUrl: false })
  const kept = action.type === 'webhook' ? ({ type: 'webhook', webhook: '' } as const) : action
  const url = action.type === 'webhook' && action.url !== undefined ? shownAddress(action.url) : ''
  return tryOut({ doing: rules.doing, session, rule: { id: 'rule', definition: { ...words, action: kept } }, by, url, sample })
}

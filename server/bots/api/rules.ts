/** Binds the routes of rules to their service. */
import { actorOf, type Handlers } from '../../http/api.ts'
import type { Contract } from '../../http/contract.ts'
import type { ruleRoutes } from '../contract/native/rules.ts'
import { chatOf } from '../engine/address.ts'
import { ruleView, type Rules } from '../rules/rules.ts'
import type { BotService } from '../service.ts'

export function ruleHandlers({ service, rules }: { service: BotService; rules: Rules }): Handlers<Contract<typeof ruleRoutes>['routes']> {
  const known = (userId: string): string => service.get(userId).row.userId
  const all = (userId: string) => ({ status: 200 as const, body: { success: true as const, rules: rules.list(userId).map(ruleView) } })
  return {
    rules: ({ params }) => all(known(params.userId)),
    addRule: async ({ params, body }, { caller, standing }) => ({
      status: 201,
      body: { success: true, rule: ruleView(await rules.add(known(params.userId), body, actorOf(caller), standing)) },
    }),
    changeRule: async ({ params, body }, { caller, standing }) => ({
      status: 200,
      body: { success: true, rule: ruleView(await rules.change(known(params.userId), params.rule, body, actorOf(caller), standing)) },
    }),
    removeRule: ({ params }, { caller }) => {
      rules.remove(known(params.userId), params.rule, actorOf(caller))
      return { status: 200, body: { success: true } }
    },
    orderRules: ({ params, body }) => {
      rules.order(known(params.userId), body.rules)
      return all(params.userId)
    },
    tryRules: async ({ params, body: { message, rule } }) => {
      const author = chatOf(message.from)
      const sample = {
        id: 'sample',
        chat: message.chat === undefined ? author : chatOf(message.chat),
        author,
        authorName: message.name === '' ? null : message.name,
        fromMe: false,
        at: Date.now(),
        kind: message.kind,
        text: message.text,
        details: {},
        quoted: null,
        reactsTo: null,
      }
      return { status: 200, body: { success: true, acts: await rules.rehearse(known(params.userId), sample, rule ?? null) } }
    },
  }
}

/** The handlers of named clients: contract in, clients out. */
import { iso } from '../../clock.ts'
import { actorOf, type Handlers } from '../../http/api.ts'
import type { NamedClientView, namedClientRoutes } from '../contract/named-clients.ts'
import { isTopic, parseFilter } from '../engine/topics.ts'
import { BrokerFault } from '../fault.ts'
import type { BrokerService } from '../service.ts'
import { judgePublish, judgeSubscribe, type Verdict } from './rules.ts'
import type { StoredNamedClient } from './store.ts'

export function namedClientHandlers(service: BrokerService): Handlers<typeof namedClientRoutes> {
  const { named } = service
  const view = (client: StoredNamedClient, counts = named.connectionCounts()): NamedClientView => ({
    name: client.name,
    credential: client.credential,
    rules: client.rules.map((rule) => ({ ...rule })),
    createdAt: iso(client.createdAt),
    lastSeenAt: client.lastSeenAt === null ? null : iso(client.lastSeenAt),
    connections: counts.get(client) ?? 0,
  })
  const viewWithKey = ({ client, key }: { client: StoredNamedClient; key: string | null }) => ({ client: view(client), key })
  return {
    namedClients({ params }) {
      const counts = named.connectionCounts()
      return { status: 200, body: { clients: named.all(service.byName(params.name)).map((client) => view(client, counts)) } }
    },
    async addNamedClient({ params, body }, { caller }) {
      return { status: 201, body: viewWithKey(await named.add(service.byName(params.name), body, actorOf(caller))) }
    },
    async changeNamedClient({ params, body }, { caller }) {
      const session = service.byName(params.name)
      return { status: 200, body: view(await named.setRules(session, params.client, body.rules, actorOf(caller))) }
    },
    async replaceClientSecret({ params, body }, { caller }) {
      const session = service.byName(params.name)
      return { status: 200, body: viewWithKey(await named.replaceSecret(session, params.client, body.password, actorOf(caller))) }
    },
    async revokeNamedClient({ params }, { caller }) {
      await named.revoke(service.byName(params.name), params.client, actorOf(caller))
      return { status: 204, body: null }
    },
    checkAccess({ params, body: { client, clientId = client, rules, action, topic } }) {
      const session = service.byName(params.name)
      const tried = rules ?? named.byName(session, client).rules
      const { isAllowed, rule } = judged(action, topic, (wanted) =>
        action === 'publish'
          ? judgePublish(tried, { name: client, clientId }, wanted)
          : judgeSubscribe(tried, { name: client, clientId }, wanted),
      )
      return { status: 200, body: { allowed: isAllowed, rule } }
    },
  }
}

/** Throws `invalid-topic`. */
function judged(action: 'publish' | 'subscribe', topic: string, judge: (topic: string) => Verdict): Verdict {
  const filter = action === 'publish' ? (isTopic(topic) ? topic : undefined) : parseFilter(topic)?.filter
  if (filter === undefined)
    throw new BrokerFault('invalid-topic', action === 'publish' ? 'This is no topic to publish on' : 'Invalid topic')
  return judge(filter)
}

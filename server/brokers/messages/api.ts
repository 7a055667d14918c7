/** Handlers of the messages' part of the API. */
import { actorOf, handled, type Handlers } from '../../http/api.ts'
import type { messageRoutes } from '../contract/messages.ts'
import { BrokerFault } from '../fault.ts'
import { filterOf } from '../in-process-client.ts'
import type { BrokerService } from '../service.ts'
import { publish } from './publish.ts'
import { listRetained, replaceRetained, retainedOn } from './retained.ts'
import { streamTail, type Tails } from './tails.ts'

export function messageHandlers(service: BrokerService, tails: Tails): Handlers<typeof messageRoutes> {
  const needReady = (): void => {
    if (!service.isReady) throw new BrokerFault('not-ready')
  }
  return {
    async publishMessage({ params, body }, { caller }) {
      needReady()
      return { status: 200, body: await publish(service, params.name, body, actorOf(caller)) }
    },
    retained: async ({ params, query }) => ({ status: 200, body: await listRetained(service, params.name, query) }),
    retainedMessage: async ({ params, query }) => ({ status: 200, body: await retainedOn(service, params.name, query.topic) }),
    async setRetained({ params, query, body }, { caller }) {
      needReady()
      return { status: 200, body: await replaceRetained(service, params.name, { ...body, topic: query.topic }, actorOf(caller)) }
    },
    async removeRetained({ params, query }, { caller }) {
      needReady()
      return { status: 200, body: { removed: await service.removeRetained(params.name, filterOf(query.topic), actorOf(caller)) } }
    },
    tailLines({ params, query }, call) {
      streamTail(tails, { name: params.name, ...query }, call)
      return handled
    },
  }
}

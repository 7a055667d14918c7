/** The brokers API's handlers: contract in, service out. */
import { iso } from '../clock.ts'
import { actorOf, implement, type Api, type SocketHandler } from '../http/api.ts'
import { namedClientHandlers } from './access/api.ts'
import { bridgeHandlers } from './bridges/api.ts'
import type { Bridges } from './bridges/bridges.ts'
import { BrokerFault } from './fault.ts'
import { JsonCodec } from './connections/json/json-codec.ts'
import { MqttCodec } from './connections/mqtt/mqtt-codec.ts'
import { ClientConnection } from './connections/shared/client-connection.ts'
import { webSocketWire } from './connections/shared/wire.ts'
import { brokersContract } from './contract/index.ts'
import { messageHandlers } from './messages/api.ts'
import { ruleHandlers } from './rules/api.ts'
import type { Rules } from './rules/rules.ts'
import { Tails, tailSocket } from './messages/tails.ts'
import type { BrokerService } from './service.ts'
import { clientViews, deadLetterView, heldMessageView, sessionView, shownTopics } from './views.ts'

export function createBrokersApi(service: BrokerService, bridges: () => Promise<Bridges>, rules: () => Promise<Rules>): Api {
  const { clock } = service
  const view = (name: string) => {
    const session = service.byName(name)
    return sessionView(session, service.engine.figures(session.id))
  }
  const makersOf = (name: string): [string | null] | undefined => (service.has(name) ? [service.byName(name).madeBy] : undefined)
  const idOf = (name: string): number => service.byName(name).id

  const tails = new Tails(service)

  return implement(
    brokersContract,
    {
      ...messageHandlers(service, tails),
      async createSession({ body }, call) {
        needReady(service)
        const { secretKey, expiresAt } = await service.create(body, actorOf(call.caller), call.standing.maker)
        return {
          status: 200,
          body: {
            success: true,
            sessionName: body.sessionName,
            password: body.password,
            secretKey,
            sessionExpiry: expiresAt === null ? null : iso(expiresAt),
          },
        }
      },
      async suspendSession({ body }, call) {
        needReady(service)
        service.setSuspended(await service.authorize(body, call.address), body.suspend, actorOf(call.caller))
        return { status: 200, body: { success: true, suspended: body.suspend } }
      },
      async dropSession({ body }, call) {
        needReady(service)
        await service.drop(await service.authorize(body, call.address), actorOf(call.caller))
        return { status: 200, body: { success: true } }
      },
      adminSessions() {
        return {
          status: 200,
          body: {
            success: true,
            sessions: service.all().map(({ id, name, suspended, createdAt, expiresAt }) => ({
              sessionName: name,
              suspended,
              createdAt: iso(createdAt),
              sessionExpiry: expiresAt === null ? null : iso(expiresAt),
              clients: service.engine.counts(id).clients,
            })),
          },
        }
      },
      adminStats() {
        return {
          status: 200,
          body: {
            success: true,
            uptime: (clock.monotonic() - service.startedAt) / 1_000,
            memory: process.memoryUsage.rss(),
            connections: service.clients.connections.size,
            sessions: service.all().length,
          },
        }
      },

      sessions(_, { standing }) {
        const sessions = service.all().filter(({ name }) => standing.reaches('brokers', { subject: name, makers: makersOf(name) ?? [] }))
        const figures = sessions.map(({ id }) => service.engine.figures(id))
        const length = Math.max(0, ...figures.map(({ deliveredRate }) => deliveredRate.length))
        const deliveries = Array.from({ length }, (_, index) =>
          figures.reduce((sum, { deliveredRate }) => sum + (deliveredRate[deliveredRate.length - length + index] ?? 0), 0),
        )
        return { status: 200, body: { sessions: sessions.map(({ name }) => view(name)), deliveries } }
      },
      async session({ params }) {
        const id = idOf(params.name)
        const [clients, topics] = await Promise.all([service.engine.clients(id), service.engine.topics(id, shownTopics)])
        const { depth, deliveredRate } = service.engine.figures(id)
        return {
          status: 200,
          body: {
            session: view(params.name),
            clients: clientViews(clients),
            topics: [...topics],
            depth: [...depth],
            deliveries: [...deliveredRate],
          },
        }
      },
      async changeSession({ params, body }, call) {
        await service.change(params.name, body, actorOf(call.caller))
        if (body.suspended !== undefined) service.setSuspended(params.name, body.suspended, actorOf(call.caller))
        return { status: 200, body: view(params.name) }
      },
      async removeSession({ params }, call) {
        await service.drop(params.name, actorOf(call.caller))
        return { status: 204, body: null }
      },
      rotateSecret: ({ params }, call) => ({ status: 200, body: { secretKey: service.rotateSecret(params.name, actorOf(call.caller)) } }),
      createPass: ({ params }) => ({ status: 200, body: { password: service.createPass(params.name) } }),
      async kickClient({ params }) {
        if (!(await service.engine.disconnect(idOf(params.name), params.link, 'kicked'))) throw new BrokerFault('no-such-client')
        return { status: 204, body: null }
      },
      async removeSubscriber({ params }) {
        needStored(await service.engine.removeSubscriber(idOf(params.name), params.subscriber))
        return { status: 204, body: null }
      },
      async purgeQueue({ params }) {
        const { purged } = needStored(await service.engine.purge(idOf(params.name), params.subscriber))
        return { status: 200, body: { purged } }
      },
      async messages({ params, query }) {
        return { status: 200, body: { messages: (await service.engine.waiting(idOf(params.name), query)).map(heldMessageView) } }
      },
      async deadLetters({ params, query }) {
        const id = idOf(params.name)
        const letters = await service.engine.deadLetters(id, query.limit)
        return { status: 200, body: { deadLetters: letters.map(deadLetterView), total: service.engine.counts(id).deadLetters } }
      },
      async replayDeadLetters({ params, body }) {
        const { replayed, kept } = needStored(await service.engine.replay(idOf(params.name), body))
        return { status: 200, body: { replayed, kept } }
      },
      async purgeDeadLetters({ params, body }) {
        const { removed } = needStored(await service.engine.removeDeadLetters(idOf(params.name), body))
        return { status: 200, body: { purged: removed } }
      },
      ...namedClientHandlers(service),
      ...bridgeHandlers(bridges),
      ...ruleHandlers(rules),
    },
    { broker: welcome(service), tail: tailSocket(tails) },
    { makersOf },
  )
}

/** One address, two protocols: MQTT for who asks for it, JSON for the rest. */
function welcome(service: BrokerService): SocketHandler {
  return (socket, _input, { stream, address }) => {
    const wire = webSocketWire(socket, stream, address)
    const newCodec = (connection: ClientConnection) => (socket.protocol === 'mqtt' ? new MqttCodec(connection) : new JsonCodec(connection))
    wire.listen(new ClientConnection(wire, service.clients, newCodec))
  }
}

/** Of a change to what a subscriber or the session has: it is there, and what was changed is stored. */
function needStored<Outcome extends { isStored: boolean }>(outcome: Outcome | null): Outcome {
  if (outcome === null) throw new BrokerFault('no-such-client')
  if (!outcome.isStored) throw new BrokerFault('storage-failed')
  return outcome
}

function needReady(service: BrokerService): void {
  if (!service.isReady) throw new BrokerFault('not-ready')
}

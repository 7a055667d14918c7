/** The brokers API's handlers: contract in, service out. */
import { iso } from '../clock.ts'
import { actorOf, implement, type Api, type SocketHandler } from '../http/api.ts'
import { brokersContract } from './contract/index.ts'
import type { Engine } from './engine/engine.ts'
import type { DeadLetter } from './engine/model.ts'
import type { Tenant } from './engine/tenant.ts'
import { Fault } from '../fault.ts'
import { JsonConnection } from './connections/json/json-connection.ts'
import { MqttConnection } from './connections/mqtt/mqtt-connection.ts'
import type { BrokerService } from './service.ts'
import { clientViews, deadLetterViews, heldMessages, sessionView, topicViews } from './views.ts'
import { webSocketWire } from './connections/shared/wire.ts'

export function createBrokersApi(service: BrokerService): Api {
  const { clock } = service
  const view = (name: string) => sessionView(service.byName(name), clock)
  const makersOf = (name: string): [string | null] | undefined => (service.has(name) ? [service.byName(name).stored.madeBy] : undefined)
  const tenantOf = (name: string): Tenant => service.byName(name).tenant

  return implement(
    brokersContract,
    {
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
        const sessions = service.all().map((tenant) => ({ ...service.byName(tenant.name), tenant }))
        return {
          status: 200,
          body: {
            success: true,
            sessions: sessions.map(({ stored, tenant }) => ({
              sessionName: tenant.name,
              suspended: stored.suspended,
              createdAt: iso(stored.createdAt),
              sessionExpiry: stored.expiresAt === null ? null : iso(stored.expiresAt),
              clients: tenant.links.size,
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
            connections: service.connections.size,
            sessions: service.all().length,
          },
        }
      },

      sessions(_, { standing }) {
        const tenants = service.all().filter(({ name }) => standing.reaches('brokers', { subject: name, makers: makersOf(name) ?? [] }))
        const length = Math.max(0, ...tenants.map(({ deliveredRate }) => deliveredRate.length))
        const deliveries = Array.from({ length }, (_, index) =>
          tenants.reduce((sum, { deliveredRate }) => sum + (deliveredRate[deliveredRate.length - length + index] ?? 0), 0),
        )
        return { status: 200, body: { sessions: tenants.map(({ name }) => view(name)), deliveries } }
      },
      session({ params }) {
        const tenant = tenantOf(params.name)
        return {
          status: 200,
          body: {
            session: view(params.name),
            clients: clientViews(tenant),
            topics: topicViews(tenant, clock),
            depth: tenant.depth,
            deliveries: tenant.deliveredRate,
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
      kickClient({ params }) {
        const link = [...tenantOf(params.name).links].find(({ id }) => id === params.link)
        if (link === undefined) throw new Fault('no-such-client')
        link.end('kicked')
        return { status: 204, body: null }
      },
      async removeSubscriber({ params }) {
        const subscriber = service.subscriber(tenantOf(params.name), params.subscriber)
        for (const link of [...subscriber.links]) link.end('kicked')
        service.engine.removeSubscriber(subscriber, { discard: true })
        await needDurable(service.engine)
        return { status: 204, body: null }
      },
      async purgeQueue({ params }) {
        const purged = service.engine.purge(service.subscriber(tenantOf(params.name), params.subscriber))
        await needDurable(service.engine)
        return { status: 200, body: { purged } }
      },
      messages: ({ params, query }) => ({ status: 200, body: { messages: heldMessages(tenantOf(params.name), query) } }),
      deadLetters({ params, query }) {
        const tenant = tenantOf(params.name)
        return { status: 200, body: { deadLetters: deadLetterViews(tenant, query.limit), total: tenant.deadLetters.size } }
      },
      async replayDeadLetters({ params, body }) {
        const letters = chosen(tenantOf(params.name), body)
        const replayed = letters.filter((letter) => service.engine.replay(letter)).length
        await needDurable(service.engine)
        return { status: 200, body: { replayed, kept: letters.length - replayed } }
      },
      async purgeDeadLetters({ params, body }) {
        const letters = chosen(tenantOf(params.name), body)
        for (const letter of letters) service.engine.removeDeadLetter(letter)
        await needDurable(service.engine)
        return { status: 200, body: { purged: letters.length } }
      },
    },
    { broker: welcome(service) },
    { makersOf },
  )
}

/** One address, two protocols: MQTT for who asks for it, JSON for the rest. */
function welcome(service: BrokerService): SocketHandler {
  return (socket, _input, { stream, address }) => {
    const wire = webSocketWire(socket, stream, address)
    wire.listen(socket.protocol === 'mqtt' ? new MqttConnection(wire, service) : new JsonConnection(wire, service))
  }
}

function chosen(tenant: Tenant, which: { ids: number[] } | { all: true }): DeadLetter[] {
  if ('all' in which) return [...tenant.deadLetters.values()]
  return which.ids.flatMap((id) => tenant.deadLetters.get(id) ?? [])
}

async function needDurable(engine: Engine): Promise<void> {
  if (!(await engine.durable())) throw new Fault('storage-failed')
}

function needReady(service: BrokerService): void {
  if (!service.isReady) throw new Fault('not-ready')
}

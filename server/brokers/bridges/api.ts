/** The handlers of bridges: contract in, bridges out. */
import { actorOf, type Call, type Handlers } from '../../http/api.ts'
import type { bridgeRoutes } from '../contract/bridges.ts'
import type { Bridge } from './bridge.ts'
import type { Bridges, Changer } from './bridges.ts'
import { bridgeView } from './view.ts'

export function bridgeHandlers(load: () => Promise<Bridges>): Handlers<typeof bridgeRoutes> {
  const viewOf = async (bridges: Bridges, bridge: Bridge) => bridgeView(bridge, await bridges.queueOf(bridge))
  return {
    async bridges({ params }) {
      const bridges = await load()
      return { status: 200, body: { bridges: await Promise.all(bridges.of(params.name).map((bridge) => viewOf(bridges, bridge))) } }
    },
    async createBridge({ params, body }, call) {
      const bridges = await load()
      return { status: 201, body: await viewOf(bridges, bridges.create(params.name, body, changerOf(call))) }
    },
    async tryBridge({ params, body: { bridge: bridgeId, ...wanted } }, call) {
      const { mayOpen } = changerOf(call)
      return { status: 200, body: await (await load()).tryOut(params.name, wanted, { bridgeId, mayOpen, signal: call.signal }) }
    },
    async bridge({ params }) {
      const bridges = await load()
      return { status: 200, body: await viewOf(bridges, bridges.find(params.name, params.bridge)) }
    },
    async changeBridge({ params, body }, call) {
      const bridges = await load()
      return { status: 200, body: await viewOf(bridges, bridges.change(params.name, params.bridge, body, changerOf(call))) }
    },
    async removeBridge({ params }, call) {
      await (await load()).remove(params.name, params.bridge, actorOf(call.caller))
      return { status: 204, body: null }
    },
    async reconnectBridge({ params }) {
      const bridges = await load()
      const bridge = bridges.find(params.name, params.bridge)
      bridge.connectNow()
      return { status: 200, body: await viewOf(bridges, bridge) }
    },
  }
}

/** An address that is written down by somebody who may change what this machine calls is opened by that. */
const changerOf = ({ caller, standing }: Call): Changer => ({ actor: actorOf(caller), mayOpen: standing.may('control:manage') })

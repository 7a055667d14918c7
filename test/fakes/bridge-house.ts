/** Bridges of a session in a house of their own, as tests make and watch them. */
import type { BrokerHouse, Json } from './broker-house.ts'
import { openBrokers } from './broker-house.ts'
import { until } from './kernel.ts'
import { mqttClient, type Got } from './mosquitto.ts'
import type { IClientOptions, MqttClient } from 'mqtt'

export interface BridgeHouse {
  house: BrokerHouse
  session: { sessionName: string; password: string; secretKey: string }
  /** Where MQTT clients of the house go. */
  port: number
  path: string
  client(options?: IClientOptions): Promise<{ client: MqttClient; got: Got[] }>
  /** Makes a bridge and returns its id. */
  bridge(fields: Json): Promise<string>
  shown(id: string): Promise<Json>
  /** What is shown of the bridge once it is in that state. */
  reaches(id: string, state: string): Promise<Json>
}

export async function openBridgeHouse(options: Parameters<typeof openBrokers>[0] = {}, fields: Json = {}): Promise<BridgeHouse> {
  const house = await openBrokers({ settings: { brokers: { mqttPort: 0 } }, ...options })
  const existing = house.room.service.all()[0]
  const session =
    existing === undefined
      ? await house.createSession(fields)
      : { sessionName: existing.name, password: 'secure-password-123', secretKey: '' }
  const path = `/v1/sessions/${session.sessionName}/bridges`
  const port = house.room.mqttPort() ?? 0
  const shown = async (id: string): Promise<Json> => (await house.call(`${path}/${id}`)).body
  return {
    ...{ house, session, port, path, shown },
    client: (more = {}) => mqttClient(port, { username: session.sessionName, password: session.password, ...more }),
    async bridge(wanted) {
      const { status, body } = await house.call(path, { name: 'cloud', ...wanted })
      if (status !== 201) throw new Error(`not made: ${status} ${JSON.stringify(body)}`)
      return String(body['id'])
    },
    async reaches(id, state) {
      let last: Json = {}
      await until(`the bridge is ${state}`, async () => (last = await shown(id))['state'] === state).catch((error: unknown) => {
        throw new Error(`${String(error)}: ${JSON.stringify(last)}`)
      })
      return last
    },
  }
}

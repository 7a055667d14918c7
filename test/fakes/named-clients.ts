/** A broker session with named clients, made by the API, and MQTT clients that come in as one. */
import { connect, type IClientOptions, type IDisconnectPacket, type MqttClient } from 'mqtt'
import { expect, onTestFinished } from 'vitest'
import { openBrokers, type BrokerHouse, type Json } from './broker-house.ts'

export interface Rule {
  action: 'publish' | 'subscribe' | 'both'
  permission: 'allow' | 'deny'
  topic: string
}
export const allow = (topic: string, action: Rule['action'] = 'both'): Rule => ({ action, permission: 'allow', topic })
export const deny = (topic: string, action: Rule['action'] = 'both'): Rule => ({ action, permission: 'deny', topic })

/** `add` gives the password or key that the client logs in with. */
export async function openNamed(options: Parameters<typeof openBrokers>[0] = {}) {
  const house = await openBrokers(options)
  const session = await house.createSession()
  const path = `/v1/sessions/${session.sessionName}/named-clients`
  const add = async (name: string, fields: { password?: string; rules?: Rule[] } = {}): Promise<string> => {
    const { status, body } = await house.call(path, { name, ...fields })
    expect(status).toBe(201)
    return fields.password ?? String(body['key'])
  }
  const setRules = (name: string, rules: Rule[]) => house.call(`${path}/${name}`, { rules }, 'PATCH')
  const clients = async (): Promise<Json[]> => (await house.call(path)).body['clients'] as Json[]
  return { house, session, path, add, setRules, clients }
}

/** `got` has the topic and the text of each message, `topics` the topics alone. */
export type NamedMqttClient = MqttClient & { got: string[]; topics: string[]; ended: IDisconnectPacket | null }

export async function joinNamed(
  house: BrokerHouse,
  username: string,
  password: string,
  options: IClientOptions = {},
): Promise<NamedMqttClient> {
  const client = connect(house.url.replace('http', 'ws'), {
    ...{ username, password, protocolVersion: 5, reconnectPeriod: 0, clientId: 'phone', clean: false },
    ...(options.protocolVersion === 4 ? {} : { properties: { sessionExpiryInterval: 3_600 } }),
    ...options,
  }) as NamedMqttClient
  onTestFinished(async () => void (await client.endAsync(true)))
  Object.assign(client, { got: [], topics: [], ended: null })
  // Before it is connected: what waited for it comes at once.
  client.on('message', (topic, payload) => {
    client.topics.push(topic)
    client.got.push(`${topic} ${payload.toString('utf8')}`)
  })
  client.on('disconnect', (packet) => (client.ended = packet))
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve())
    client.on('error', reject)
  })
  return client
}

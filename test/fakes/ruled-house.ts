/** A house with two sessions whose rules may reach everything, for tests of rules. */
import { onTestFinished } from 'vitest'
import { ownerStanding } from '../../server/http/rights.ts'
import { FrameClient, openBrokers, type BrokerHouse, type Json } from './broker-house.ts'
import { startHookReceiver } from './hook-receiver.ts'
import { temporaryFolder } from './kernel.ts'

export const toTopic = (topic: string, more: object = {}) => ({ type: 'topic', topic, ...more })

export async function openRuled({ dataDir = temporaryFolder(), ...more }: Parameters<typeof openBrokers>[0] = {}) {
  const house = await openBrokers({
    dataDir,
    settings: { webhooks: { allowPrivate: true } },
    given: { standingOf: () => ownerStanding },
    ...more,
  })
  for (const sessionName of ['home', 'office']) if (!house.room.service.has(sessionName)) await house.createSession({ sessionName })
  const add = async (rule: object, session = 'home') => {
    const { status, body } = await house.call(`/v1/sessions/${session}/rules`, { name: 'rule', filter: '#', ...rule })
    if (status !== 201) throw new Error(JSON.stringify(body))
    return body as Json & { id: string; secret: string }
  }
  const publish = (topic: string, data: unknown, session = 'home', id?: string) =>
    house.room.inProcessClient.publish(session, { topic, data, retain: false, publisher: 'test', ...(id === undefined ? {} : { id }) })
  const rule = async (id: string, session = 'home') => (await house.call(`/v1/sessions/${session}/rules/${id}`)).body
  return { house, dataDir, add, publish, rule }
}

/** A client without a name that listens to the topic. */
export async function listen({ url }: BrokerHouse, topic: string, sessionName = 'home'): Promise<FrameClient> {
  const client = await FrameClient.join(url, { sessionName, password: 'secure-password-123' })
  await client.subscribe(topic)
  return client
}

export async function receiver() {
  const hooks = await startHookReceiver()
  onTestFinished(() => hooks.stop())
  return hooks
}

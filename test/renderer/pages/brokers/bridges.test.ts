import { defineComponent, h } from 'vue'
import { afterEach, describe, expect, it } from 'vitest'
import { bodyOf, emptyTopic, formOf } from '../../../../renderer/pages/brokers/bridges/bridge-form.ts'
import { bridgePresentation, topicText } from '../../../../renderer/pages/brokers/bridges/bridge-presentation.ts'
import BridgesTab from '../../../../renderer/pages/brokers/bridges/bridges-tab.vue'
import type { BrokerBridge } from '../../../../server/brokers/contract/index.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const at = new Date(Date.now() - 41_000).toISOString()
const bridge = (changes: Partial<BrokerBridge> = {}): BrokerBridge => ({
  ...{ id: 'bridge_1', name: 'cloud', address: 'mqtts://broker.example.com:8883', version: '5', clientId: 'wheelhouse-1', username: 'me' },
  ...{ ca: null, certificate: null, serverName: null, alpn: [], insecure: false, keepAlive: 60, sessionExpiry: 604_800, enabled: true },
  topics: [{ direction: 'out', filter: 'a/#', quality: 1, localPrefix: '', remotePrefix: 'site/' }],
  ...{ hasPassword: true, hasKey: false, createdAt: at, state: 'connected', since: at, problem: null, nextTryAt: null },
  ...{
    sessionPresent: true,
    refusedTopics: [],
    sent: 12,
    received: 3,
    skipped: 0,
    turnedDown: 0,
    queued: 4,
    queuedBytes: 100,
    lastError: null,
  },
  ...changes,
})

let page: MountedPage | undefined
afterEach(() => page?.unmount())

async function open(bridges: BrokerBridge[]): Promise<MountedPage> {
  const server = standardServer().on('GET /brokers/v1/sessions/orders/bridges', () => ({ bridges }))
  page = await mountPage(defineComponent({ render: () => h(BridgesTab, { name: 'orders' }) }), { server })
  await settle()
  return page
}

describe('the bridges of a session', () => {
  it('shows state, topics on both sides and what has passed', async () => {
    const { text } = await open([bridge()])
    for (const part of ['cloud', 'Connected', 'mqtts://broker.example.com:8883', 'a/# → site/a/#', '12 sent', '4 queued'])
      expect(text()).toContain(part)
  })

  it('says why one is not connected, that a certificate is not checked, and what a first bridge is for', async () => {
    const problem = { code: 'wrong-password' as const, text: 'User name or password is wrong' }
    const { text } = await open([bridge({ state: 'refused', problem, insecure: true })])
    for (const part of ['Refused', problem.text, 'certificate not checked']) expect(text()).toContain(part)
    page?.unmount()
    expect((await open([])).text()).toContain('joins this session to another MQTT broker')
  })
})

describe('what is typed of a bridge', () => {
  it('leaves secrets that are not typed as they are, and takes the key away with its certificate', () => {
    const form = formOf(bridge({ certificate: 'pem', hasKey: true }))
    expect(bodyOf(form)).not.toHaveProperty('password')
    expect(bodyOf(form)).not.toHaveProperty('key')
    expect(bodyOf({ ...form, password: 'new', key: ' pem ' })).toMatchObject({ password: 'new', key: 'pem' })
    expect(bodyOf({ ...form, certificate: '' })).toMatchObject({ certificate: null, key: null })
  })

  it('does not check a certificate only where there is one', () => {
    const form = { ...formOf(null), name: 'a', insecure: true, alpn: ' x-amzn-mqtt-ca ,' }
    expect(bodyOf({ ...form, address: 'mqtts://a' })).toMatchObject({ insecure: true, alpn: ['x-amzn-mqtt-ca'] })
    expect(bodyOf({ ...form, address: 'mqtt://a' })).toMatchObject({ insecure: false, username: null, topics: [emptyTopic()] })
  })

  it('reads as topics here and there', () => {
    expect(topicText({ ...emptyTopic(), filter: 'a' })).toBe('a')
    expect(topicText({ ...emptyTopic(), direction: 'in', localPrefix: 'here/' })).toBe('here/# ← #')
    expect(bridgePresentation(bridge({ refusedTopics: [{ filter: 'a', text: 'not authorized' }] }))).toMatchObject({
      tone: 'attention',
      label: 'Connected',
    })
  })
})

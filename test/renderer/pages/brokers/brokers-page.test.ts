import { afterEach, describe, expect, it, vi } from 'vitest'
import { growthText, newPassword, passwordStrength } from '../../../../renderer/pages/brokers/broker-presentation.ts'
import BrokersPage from '../../../../renderer/pages/brokers/brokers-page.vue'
import type { BrokerClient, BrokerDeadLetter, BrokerSession } from '../../../../server/brokers/contract/index.ts'
import { defaultPolicy } from '../../../../server/brokers/policy.ts'
import { reply, type FakeTransport } from '../../support/fake-transport.ts'
import { mountPage, settle, standardServer, type MountedPage } from '../../support/mount.ts'

const at = new Date(Date.now() - 41_000).toISOString()
const session = (changes: Partial<BrokerSession> = {}): BrokerSession => ({
  name: 'orders-prod',
  state: 'running',
  createdAt: at,
  expiresAt: null,
  clients: 2,
  subscribers: 2,
  away: 0,
  topics: 1,
  published: 612,
  delivered: 1_318,
  publishedTotal: 1,
  deliveredTotal: 1,
  queued: 1_204,
  storedBytes: 1,
  oldestUnackedAt: at,
  deadLetters: 1,
  deadForgotten: 0,
  policy: defaultPolicy,
  ...changes,
})
const client = (changes: Partial<BrokerClient> = {}): BrokerClient => ({
  linkId: 7,
  subscriberId: 3,
  name: 'erp-sync',
  key: 'user:erp-sync',
  protocol: 'json',
  address: '10.0.4.21',
  connectedAt: at,
  awaySince: null,
  topics: ['orders/paid'],
  unacked: 818,
  queuedBytes: 1,
  slow: false,
  ...changes,
})
const letter: BrokerDeadLetter = {
  id: 5,
  at,
  messageId: '3b1f0c2e-0000-4000-8000-000000000000',
  topic: 'orders/paid',
  subscriber: 'user:erp-sync',
  reason: 'max-retries',
  tries: 101,
  acceptedAt: at,
  bytes: 10,
  preview: 'the text of it',
}

function server(
  sessions: BrokerSession[] = [session(), session({ name: 'staging-smoke', state: 'suspended', deadLetters: 0, queued: 31 })],
): FakeTransport {
  return standardServer()
    .on('GET /brokers/v1/sessions', () => ({ sessions, deliveries: [1, 2, 3] }))
    .on('GET /brokers/v1/sessions/orders-prod', () => ({
      session: session(),
      clients: [
        client(),
        client({
          linkId: null,
          name: 'night-report',
          key: 'user:night-report',
          address: null,
          protocol: null,
          connectedAt: null,
          awaySince: at,
        }),
      ],
      topics: [{ topic: 'orders/paid', subscribers: 3, published: 201, publishedTotal: 5, queued: 822, retained: false }],
      depth: [0, 10],
      deliveries: [1],
    }))
    .on('GET /brokers/v1/sessions/orders-prod/dead-letters', () => ({ deadLetters: [letter], total: 1 }))
}

describe('the brokers page', () => {
  let mounted: MountedPage | null = null
  afterEach(() => mounted?.unmount())

  async function open(transport = server()): Promise<{ page: MountedPage; transport: FakeTransport }> {
    mounted = await mountPage(BrokersPage, { server: transport, path: '/brokers?session=orders-prod' })
    await settle()
    return { page: mounted, transport }
  }

  it('shows sessions with their pressure, and one of them with clients, topics and dead letters', async () => {
    const { page } = await open()
    for (const words of [
      '2 sessions',
      'staging-smoke',
      'Suspended',
      '31 queued',
      '1 dead',
      '1,204',
      '41',
      'erp-sync',
      '10.0.4.21',
      '818',
      'night-report',
      'orders/paid',
      'Never acknowledged, 101 tries',
    ])
      expect(page.text()).toContain(words)
  })

  it('shows the page of a session that the address names, keeps it for the next session, and the overview where there is no such page', async () => {
    const pageOf = (path: string) => mountPage(BrokersPage, { server: server(), path })
    mounted = await pageOf('/brokers?session=orders-prod&tab=messages')
    await vi.waitFor(() => expect(mounted?.text()).toContain('See what passes'))
    document.querySelectorAll<HTMLElement>('nav[aria-label=Sessions] li button')[1]?.click()
    await settle()
    expect(mounted.router.currentRoute.value.query).toEqual({ session: 'staging-smoke', tab: 'messages' })
    mounted.unmount()
    mounted = await pageOf('/brokers?session=orders-prod&tab=nothing')
    await settle()
    expect(mounted.text()).toContain('Queue depth')
  })

  it('explains the first step when there is none', async () => {
    const { page } = await open(server([]))
    expect(page.text()).toContain('No broker yet')
    expect(page.text()).toContain('/api/createSession')
  })

  it('drops a session only after a question that names it', async () => {
    const { page, transport } = await open()
    transport.on('DELETE /brokers/v1/sessions/orders-prod', () => reply(204))
    await page.click('Drop orders-prod')
    expect(page.text()).toContain('deleted for good')
    expect(transport.sent('DELETE /brokers/v1/sessions/orders-prod')).toHaveLength(0)
  })

  it('suspends, and replays a dead letter', async () => {
    const { page, transport } = await open()
    transport
      .on('PATCH /brokers/v1/sessions/orders-prod', () => session({ state: 'suspended' }))
      .on('POST /brokers/v1/sessions/orders-prod/dead-letters/replay', () => ({ replayed: 1, kept: 0 }))
    await page.click('Suspend')
    expect(transport.sent('PATCH /brokers/v1/sessions/orders-prod')).toEqual([{ suspended: true }])
    await page.click('Replay')
    expect(transport.sent('POST /brokers/v1/sessions/orders-prod/dead-letters/replay')).toEqual([{ ids: [5] }])
  })

  it('looks into a dead letter and deletes it alone', async () => {
    const { page, transport } = await open()
    transport.on('POST /brokers/v1/sessions/orders-prod/dead-letters/purge', () => ({ purged: 1 }))
    expect(page.text()).not.toContain('the text of it')
    document.querySelector<HTMLElement>('section[aria-label="Dead letters"] tbody tr')?.click()
    await settle()
    expect(page.text()).toContain('the text of it')
    await page.click('Delete')
    expect(transport.sent('POST /brokers/v1/sessions/orders-prod/dead-letters/purge')).toEqual([{ ids: [5] }])
  })

  it('says since when a queue grows and who lets it, and nothing of one that is small, steady or falling', () => {
    const now = new Date(2_027, 0, 4, 14, 32).getTime()
    const about = (depth: number[], queued: number, clients = [client()]): string | null => growthText({ depth, queued, clients, now })
    const rising = Array.from({ length: 60 }, (_, index) => 200 + 15 * index)
    expect(about([...Array<number>(20).fill(1_500), 250, ...rising], 1_204)).toBe('grows since 14:22, erp-sync is slow')
    expect(about(rising, 1_204, [client({ linkId: null, unacked: 1_000 })])).toBe('grows since 14:22, erp-sync is away')
    expect(about(rising, 1_204, [client({ unacked: 300 }), client({ unacked: 300 })])).toBe('grows since 14:22')
    expect(about([0, 1, 2, 3], 4)).toBeNull()
    expect(about(Array<number>(30).fill(900), 900)).toBeNull()
    expect(about([...rising].reverse(), 150)).toBeNull()
  })

  it('tells weak passwords from strong ones, and suggests strong ones', () => {
    expect(passwordStrength('').level).toBe(0)
    expect(passwordStrength('aaaaaaaaaaaaaaaaaaaaaaa').level).toBe(1)
    expect(passwordStrength('secret').level).toBe(1)
    expect(passwordStrength('secret12').level).toBe(2)
    expect(passwordStrength(newPassword()).level).toBe(4)
    expect(new Set(Array.from({ length: 20 }, newPassword)).size).toBe(20)
  })
})

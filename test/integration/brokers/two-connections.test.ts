/** Two connections of one named JSON client, as two tabs of a browser are: one queue, seen by both, and acknowledged once for both. */
import { expect, it, onTestFinished } from 'vitest'
import { addTenant, FakeClient, newEngine, publicationOf, subscriptionTo } from '../../fakes/broker-engine.ts'
import { FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { testClock } from '../../fakes/kernel.ts'

async function twoTabs() {
  const clock = testClock()
  const engine = newEngine({ clock })
  onTestFinished(() => engine.stop())
  const tenant = addTenant(engine, { policy: { retryInterval: 1_000 } })
  await engine.start()
  const [one, two] = [new FakeClient('reader'), new FakeClient('reader')]
  const places = [await one.attachTo(engine, tenant.id), await two.attachTo(engine, tenant.id)] as const
  await places[0].subscribe([subscriptionTo('t')])
  return {
    ...{ engine, tenant, clock, one, two, places },
    async publish(id: string, by?: FakeClient) {
      engine.publish(tenant.id, publicationOf({ id }), by)
      await engine.parts.recorder.stored()
    },
    retry() {
      clock.advance(1_000)
      engine.runDue()
    },
  }
}
const idsOf = ({ received }: FakeClient): string[] => received.map(({ id, tries }) => `${id} ${tries}`)

it('both get each message, and one acknowledgement ends it for both', async () => {
  const { tenant, one, two, places, publish, retry } = await twoTabs()
  await publish('m1')
  expect([idsOf(one), idsOf(two)]).toEqual([['m1 1'], ['m1 1']])
  places[1].acknowledge('m1')
  places[0].acknowledge('m1')
  retry()
  expect([idsOf(one), idsOf(two), tenant.queued, tenant.statistics.delivered.total]).toEqual([['m1 1'], ['m1 1'], 0, 1])
})

it('what neither acknowledged comes again to the one that stays, and waits once both are gone', async () => {
  const { engine, tenant, one, two, places, publish, retry } = await twoTabs()
  await publish('m1')
  places[0].detach()
  expect([tenant.queued, tenant.deadLetters.size]).toEqual([1, 0])
  retry()
  expect([idsOf(one), idsOf(two)]).toEqual([['m1 1'], ['m1 1', 'm1 2']])
  places[1].detach()
  expect([tenant.queued, tenant.deadLetters.size]).toEqual([1, 0])
  const back = new FakeClient('reader')
  ;(await back.attachTo(engine, tenant.id)).resume()
  expect(idsOf(back)).toEqual(['m1 3'])
})

it('one that takes nothing holds up the other no more than any slow client, and has what is not acknowledged with its next try', async () => {
  const { one, two, publish, retry } = await twoTabs()
  two.room = false
  await publish('m1')
  expect([idsOf(one), idsOf(two)]).toEqual([['m1 1'], []])
  two.room = true
  retry()
  expect([idsOf(one), idsOf(two)]).toEqual([['m1 1', 'm1 2'], ['m1 2']])
})

it('what one publishes the other hears, and itself not', async () => {
  const { one, two, publish } = await twoTabs()
  await publish('m1', one)
  expect([idsOf(one), idsOf(two)]).toEqual([[], ['m1 1']])
})

it('a suspension ends both, and their queue is there for whoever comes first afterwards', async () => {
  const house = await openBrokers()
  const session = await house.createSession()
  const tabs = [await FrameClient.join(house.url, session, 'reader'), await FrameClient.join(house.url, session, 'reader')] as const
  await tabs[0].subscribe('t')
  const writer = await FrameClient.join(house.url, session)
  writer.publish('t', 'm1')
  for (const tab of tabs) expect(await tab.next('message')).toMatchObject({ messageId: 'm1' })
  await house.call('/api/suspendSession', { ...session, suspend: true })
  for (const tab of tabs) expect(await tab.ended()).toMatchObject({ code: 4403 })
  await house.call('/api/suspendSession', { ...session, suspend: false })
  const back = await FrameClient.join(house.url, session, 'reader')
  expect(await back.next('message')).toMatchObject({ messageId: 'm1', retry: 1 })
})

/** Webhooks of several rooms in one database: each room works off its own, and hears what came of every call. */
import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { TellOutcome } from '../../../server/events/webhooks/caller.ts'
import { createWebhooks, type WebhooksOptions } from '../../../server/events/webhooks/webhooks.ts'
import { systemClock } from '../../../server/clock.ts'
import { Egress } from '../../../server/http/egress.ts'
import { createSealer } from '../../../server/secrets/seal.ts'
import { startHookReceiver } from '../../fakes/hook-receiver.ts'
import { testDatabase, testLog, until } from '../../fakes/kernel.ts'

async function open() {
  const hooks = await startHookReceiver()
  onTestFinished(() => hooks.stop())
  const database = testDatabase()
  const sealer = createSealer(randomBytes(32))
  const egress = new Egress({ allowedRanges: () => ['127.0.0.0/8'] })
  const of = (room: string, more: Partial<WebhooksOptions> = {}) => {
    const webhooks = createWebhooks({ database, sealer, clock: systemClock, log: testLog(), egress, waits: [5], room, ...more })
    onTestFinished(() => webhooks.stop())
    return webhooks
  }
  return { hooks, of }
}

test('what waits for one room is not sent by another, also after a start', async () => {
  const { hooks, of } = await open()
  const [bots, brokers] = [of('bots'), of('brokers')]
  const { id } = brokers.add('brokers', 'home', { url: hooks.url, types: ['message'] })
  await brokers.stop()
  brokers.sendTo('brokers', 'home', id, 'message', { text: 'waits' })
  bots.add('bots', 'gate', { url: hooks.url, types: ['message'] })
  bots.start()
  bots.send('bots', 'gate', 'message', { text: 'goes' })
  await until('that of the bots is there', () => hooks.calls.length === 1)
  expect(hooks.calls[0]?.data).toEqual({ text: 'goes' })
  expect(brokers.waiting(id)).toBe(1)
  brokers.start()
  await until('that of the brokers is there', () => hooks.calls.length === 2)
  expect(hooks.calls[1]?.data).toEqual({ text: 'waits' })
})

test('what comes twice under one name has one webhook-id, and is told once while the first is kept', async () => {
  const { hooks, of } = await open()
  const webhooks = of('brokers')
  const { id } = webhooks.add('brokers', 'home', { url: hooks.url, types: ['message'], keepFor: 0 })
  const send = (once: string) => webhooks.sendTo('brokers', 'home', id, 'message', { once }, { once })
  webhooks.pause('brokers', 'home', id)
  for (const name of ['a', 'a', 'b']) send(name)
  expect(webhooks.waiting(id)).toBe(2)
  webhooks.resume('brokers', 'home', id)
  await until('both are there', () => hooks.calls.length === 2)
  await until('nothing waits', () => webhooks.waiting(id) === 0)
  send('a')
  await until('it is there again', () => hooks.calls.length === 3)
  const ids = hooks.calls.map(({ headers, data }) => [data.once, headers['webhook-id']])
  expect(ids[2]).toEqual(ids.find(([name]) => name === 'a'))
  expect(new Set(ids.map(([, each]) => each)).size).toBe(2)
})

test('whoever owns them hears what came of each call', async () => {
  const { hooks, of } = await open()
  const outcomes: (TellOutcome & { id: string })[] = []
  const webhooks = of('brokers', { onOutcome: ({ id }, outcome) => outcomes.push({ id, ...outcome }) })
  const { id } = webhooks.add('brokers', 'home', { url: hooks.url, types: ['message'] })
  const statuses = [500, 200, 500, 500]
  hooks.answer = (_call, response) => void response.writeHead(statuses.shift() ?? 200).end()
  for (const name of ['a', 'b']) webhooks.sendTo('brokers', 'home', id, 'message', name, { key: 'one' })
  await until('both are over', () => outcomes.filter(({ isOver }) => isOver).length === 2)
  expect(outcomes).toEqual([
    { id, problem: 'answered 500', isOver: false },
    { id, problem: null, isOver: true },
    { id, problem: 'answered 500', isOver: false },
    { id, problem: 'answered 500', isOver: true },
  ])
})

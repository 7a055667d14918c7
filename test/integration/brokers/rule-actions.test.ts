/** What rules do outside of their session, and what becomes of that when it does not work. */
import { expect, it } from 'vitest'
import type { Teller } from '../../../server/brokers/rules/teller.ts'
import { signature } from '../../../server/events/webhooks/signature.ts'
import { ownerStanding } from '../../../server/http/rights.ts'
import type { Json } from '../../fakes/broker-house.ts'
import { until } from '../../fakes/kernel.ts'
import { listen, openRuled, receiver, toTopic } from '../../fakes/ruled-house.ts'

it('calls a webhook with the message, signed, in the order of the topic, and counts what was delivered', async () => {
  const { add, publish, rule, house } = await openRuled()
  const hooks = await receiver()
  const action = { type: 'webhook', url: `${hooks.url}/secret-part`, headers: { 'X-Token': 'abc' } }
  const { id, secret, ...shown } = await add({ filter: 'orders/+', action })
  expect(shown['action']).toMatchObject({ headers: ['x-token'], waiting: 0 })
  expect(JSON.stringify(shown)).not.toContain('secret-part')
  for (const text of ['1', '2', '3']) await publish('orders/new', text)
  await until('all are there', () => hooks.calls.length === 3)
  expect(hooks.calls.map(({ data }) => data.message.data)).toEqual(['1', '2', '3'])
  const [call] = hooks.calls
  expect(call?.data).toMatchObject({
    session: 'home',
    rule: { id, name: 'rule' },
    message: { topic: 'orders/new', publisher: 'test', source: 'json' },
  })
  expect(call?.headers['x-token']).toBe('abc')
  const signed = {
    id: String(call?.headers['webhook-id']),
    timestamp: Number(call?.headers['webhook-timestamp']),
    body: call?.text ?? '',
    secret,
  }
  expect(call?.headers['webhook-signature']).toBe(signature(signed))
  await until('they are counted', async () => (await rule(id))['done'] === 3)
  // A change without the address leaves it.
  await house.call(`/v1/sessions/home/rules/${id}`, { action: { type: 'webhook' }, filter: 'bills' }, 'PATCH')
  await publish('bills', '4')
  await until('it is there', () => hooks.calls.length === 4)
})

it('an address that answers with an error is a failure that is seen, kept and tried again', async () => {
  const { house, add, publish, rule } = await openRuled()
  const hooks = await receiver()
  hooks.answer = (_call, response) => void response.writeHead(404).end('no such hook')
  const { id } = await add({ action: { type: 'webhook', url: hooks.url } })
  for (const text of ['1', '2', '3']) await publish(`topic/${text}`, text)
  await until('all were given up', async () => (await rule(id))['givenUp'] === 3)
  expect(await rule(id)).toMatchObject({ state: 'failing', done: 0, failed: 3, problem: 'answered 404' })
  expect(house.events.filter(({ type }) => type === 'rule-failing')).toHaveLength(1)
  expect(
    house.room
      .attention()
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['rule-calls-dead', 'rule-failing'])
  hooks.answer = (_call, response) => void response.end()
  expect(await house.call(`/v1/sessions/home/rules/${id}/retry`, {})).toMatchObject({ status: 200, body: { count: 3 } })
  await until('all are delivered', async () => (await rule(id))['done'] === 3)
  expect(house.events.at(-1)).toMatchObject({ type: 'rule-works', data: { rule: 'rule' } })
  expect(house.room.attention()).toEqual([])
})

it('a receiver that says it is gone is left alone until somebody tries again', async () => {
  const { house, add, publish, rule } = await openRuled()
  const hooks = await receiver()
  hooks.answer = (_call, response) => void response.writeHead(410).end()
  const { id } = await add({ action: { type: 'webhook', url: hooks.url } })
  await publish('a', '1')
  await until('it is known', async () => ((await rule(id))['action'] as Json)['standing'] === 'gone')
  expect(house.room.attention()).toMatchObject([{ kind: 'rule-webhook-gone', subject: 'home' }])
  hooks.answer = (_call, response) => void response.end()
  await house.call(`/v1/sessions/home/rules/${id}/retry`, {})
  await until('it is delivered', async () => (await rule(id))['done'] === 1)
})

it('a message whose template cannot be filled becomes a dead letter with its reason, and the next one is done', async () => {
  const { house, add, publish, rule } = await openRuled()
  const { id } = await add({ filter: 'in/+', action: toTopic('out/{{data.room}}') })
  const client = await listen(house, 'out/#')
  await publish('in/a', { floor: 2 })
  await publish('in/a', { room: 'attic/roof' })
  await publish('in/a', { room: 'attic' })
  expect((await client.next('message'))['topic']).toBe('out/attic')
  await until('both were given up', async () => (await rule(id))['givenUp'] === 2)
  expect(await rule(id)).toMatchObject({ failed: 2, done: 1 })
  await house.call(`/v1/sessions/home/rules/${id}`, { action: toTopic('out/any') }, 'PATCH')
  await house.call(`/v1/sessions/home/rules/${id}/retry`, {})
  await until('they are done', async () => (await rule(id))['done'] === 3)
  expect(client.ofType('message')).toHaveLength(3)
})

it('what another session does not take now waits, and goes there when it does', async () => {
  const { house, add, publish, rule } = await openRuled()
  const { id } = await add({ filter: 'in', action: toTopic('out', { session: 'office' }) })
  const client = await listen(house, 'out', 'office')
  house.room.service.setSuspended('office', true, 'test')
  await client.ended()
  await publish('in', '1')
  await until('it fails', async () => (await rule(id))['problem'] !== null)
  expect(await rule(id)).toMatchObject({ state: 'failing', problem: 'office: Session is suspended', queued: 1, failed: 0 })
  house.room.service.setSuspended('office', false, 'test')
  const back = await listen(house, 'out', 'office')
  expect((await back.next('message'))['data']).toBe('1')
})

it('a bot sends a text through its own queue, no more than so many a minute', async () => {
  const told: object[] = []
  let refusal: ReturnType<Teller['tell']> = null
  const teller: Teller = { allows: (_by, bot) => bot === 'gate', tell: (text) => (told.push(text), refusal) }
  const { add, publish, rule, house } = await openRuled({ given: { teller, standingOf: () => ownerStanding } })
  const action = { type: 'bot', bot: 'gate', chat: '15550100011', text: '{{topic.2}}: {{1}}' }
  const { id } = await add({
    filter: 'doors/+',
    conditions: [{ of: 'text', how: 'regex', value: '^open by (\\w+)' }],
    action,
    perMinute: 2,
  })
  for (const name of ['ann', 'bob', 'cat']) await publish('doors/north', `open by ${name}`)
  await until('the third is held', async () => (await rule(id))['held'] === 1)
  expect(told).toMatchObject([
    { bot: 'gate', chat: '15550100011', text: 'north: ann' },
    { bot: 'gate', text: 'north: bob' },
  ])
  expect(await rule(id)).toMatchObject({ matched: 3, done: 2, held: 1 })
  expect(
    (await house.call('/v1/sessions/home/rules', { name: 'other', filter: '#', action: { ...action, bot: 'yard', text: 'x' } })).status,
  ).toBe(403)
  refusal = { problem: 'gate: the number is none', isLasting: true }
  const other = await add({ name: 'second', filter: 'x', action: { ...action, text: 'x' } })
  await publish('x', '1')
  await until('it was given up', async () => (await rule(other.id))['failed'] === 1)
  expect(await rule(other.id)).toMatchObject({ problem: 'gate: the number is none', givenUp: 1 })
})

it('a rule goes with its webhook and what waits for it, when it is removed and when its session is dropped', async () => {
  const { house, add, publish } = await openRuled()
  const hooks = await receiver()
  hooks.answer = (_call, response) => void response.writeHead(500).end()
  const action = { type: 'webhook', url: hooks.url }
  const first = await add({ name: 'first', action })
  await add({ name: 'second', action })
  await publish('a', '1')
  await until('it was tried', () => hooks.calls.length >= 2)
  expect((await house.call(`/v1/sessions/home/rules/${first.id}`, undefined, 'DELETE')).status).toBe(204)
  expect((await house.call('/v1/sessions/home/rules')).body['rules']).toMatchObject([{ name: 'second' }])
  await house.room.service.drop('home', 'test')
  await house.createSession({ sessionName: 'home' })
  expect((await house.call('/v1/sessions/home/rules')).body['rules']).toEqual([])
  expect(house.room.attention()).toEqual([])
  await publish('a', '2')
  expect(house.faults).toEqual([])
})

it('a rule reaches another session as long as whoever wrote it may publish there', async () => {
  let standing: typeof ownerStanding | null = ownerStanding
  const { house, add, publish, rule } = await openRuled({ given: { standingOf: () => standing } })
  const { id } = await add({ filter: 'in', action: toTopic('out', { session: 'office' }) })
  const client = await listen(house, 'out', 'office')
  await publish('in', '1')
  await client.next('message')
  standing = null
  await publish('in', '2')
  await until('it was given up', async () => (await rule(id))['failed'] === 1)
  expect(await rule(id)).toMatchObject({ problem: 'Whoever added this rule may not publish there', givenUp: 1 })
  expect((await house.call(`/v1/sessions/home/rules/${id}/discard`, {})).body).toEqual({ count: 1 })
  expect(await rule(id)).toMatchObject({ givenUp: 0 })
  expect(client.ofType('message')).toHaveLength(1)
})

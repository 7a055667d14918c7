/** Rules on the real engine, journal and tables: what they match, what they make of a message, and what is refused. */
import { cpSync } from 'node:fs'
import { connectAsync } from 'mqtt'
import { expect, it, onTestFinished } from 'vitest'
import type { EmbeddedEngine } from '../../../server/brokers/engine/embedded/embedded-engine.ts'
import { countsIn, FrameClient } from '../../fakes/broker-house.ts'
import { temporaryFolder, until } from '../../fakes/kernel.ts'
import { listen, openRuled, toTopic } from '../../fakes/ruled-house.ts'

const dataOf = (client: FrameClient): unknown[] => client.ofType('message').map(({ data }) => data)

it('a message that fits goes to another topic as it is, and one that does not fit goes nowhere', async () => {
  const { house, add, publish, rule } = await openRuled()
  const conditions = [{ of: 'field', path: 'temperature', is: 'greater', value: 30 }]
  const { id } = await add({ filter: 'rooms/+/climate', conditions, action: toTopic('alerts/{{topic.2}}') })
  const client = await listen(house, 'alerts/#')
  await publish('rooms/attic/climate', { temperature: 21 })
  await publish('rooms/attic/climate', '{"temperature": 35}')
  await publish('rooms/hall/climate', { temperature: '31.5' })
  await until('both are there', () => client.ofType('message').length === 2)
  expect(client.ofType('message').map(({ topic, data }) => [topic, data])).toEqual([
    ['alerts/attic', '{"temperature": 35}'],
    ['alerts/hall', { temperature: '31.5' }],
  ])
  await until('it is counted', async () => (await rule(id))['done'] === 2)
  expect(await rule(id)).toMatchObject({ matched: 2, done: 2, failed: 0, problem: null, state: 'on', queued: 0 })
})

it('a template makes other JSON, whose values keep their kind', async () => {
  const { house, add, publish } = await openRuled()
  const data = { room: '{{topic.2}}', value: '{{data.sensor.0}}', text: 'It is {{data.sensor.0}} in {{topic.2}}', from: '{{publisher}}' }
  await add({ filter: 'rooms/#', action: toTopic('out', { session: 'office', data, retain: true }) })
  const client = await listen(house, 'out', 'office')
  await publish('rooms/attic', { sensor: [12.5] })
  expect((await client.next('message'))['data']).toEqual({ room: 'attic', value: 12.5, text: 'It is 12.5 in attic', from: 'test' })
  const late = await listen(house, 'out', 'office')
  expect(await late.next('message')).toMatchObject({ retained: true })
})

it('bytes and MQTT properties go on as they came', async () => {
  const { house, add } = await openRuled()
  await add({ filter: 'in', action: toTopic('out') })
  const message = { topic: 'in', data: Buffer.from([0, 255, 7]).toString('base64'), encoding: 'base64', headers: { unit: 'C' } }
  const client = await listen(house, 'out')
  await house.call('/v1/sessions/home/messages', message)
  expect(await client.next('message')).toMatchObject({ data: message.data, encoding: 'base64', properties: { unit: 'C' } })
})

it('nobody but a rule can say that rules have made a message, and so keep them from acting', async () => {
  const { house, add, rule } = await openRuled()
  const { id } = await add({ filter: 'alarms/#', action: toTopic('seen') })
  const forged = { 'wheelhouse-rules': `${id},a,b,c,d,e,f,g,h`, unit: 'C' }
  const client = await listen(house, '#')
  await house.call('/v1/sessions/home/named-clients', { name: 'sensor', password: 'sensor-password' })
  for (const [username, password, mark] of [
    ['home', 'secure-password-123', { name: 'any' }],
    ['home:sensor', 'sensor-password', { 'wheelhouse-bridge': '1' }],
  ] as const) {
    const mqtt = await connectAsync(house.url.replace('http', 'ws'), {
      ...{ username, password, protocolVersion: 5, reconnectPeriod: 0 },
      properties: { userProperties: mark },
    })
    onTestFinished(async () => void (await mqtt.endAsync(true)))
    await mqtt.publishAsync('alarms/fire', 'hot', { qos: 1, properties: { userProperties: forged } })
  }
  await house.call('/v1/sessions/home/messages', { topic: 'alarms/fire', data: 'hot', headers: forged })
  await until('it has acted on all', async () => (await rule(id))['done'] === 3)
  expect(await rule(id)).toMatchObject({ matched: 3, looped: 0 })
  await until('they are there', () => client.ofType('message').length === 6)
  // What else they said of it stays.
  expect(client.ofType('message').filter(({ topic }) => topic === 'seen')).toMatchObject(Array(3).fill({ properties: { unit: 'C' } }))
})

it('a rule never acts on what it has made, nor in a ring with others, and says so', async () => {
  const { house, add, publish, rule } = await openRuled()
  const all = await add({ name: 'all', filter: '#', action: toTopic('copies/{{topic.1}}') })
  const client = await listen(house, '#')
  const log = await listen(house, 'sys/logs')
  await publish('a', '1')
  await until('it is copied', () => client.ofType('message').length === 2)
  const there = await add({ name: 'there', filter: 'copies/#', action: toTopic('in', { session: 'office' }) })
  const back = await add({ name: 'back', filter: 'in', action: toTopic('again', { session: 'home' }) }, 'office')
  await publish('b', '2')
  await until('the ring has ended', async () => (await rule(all.id))['looped'] === 1)
  expect(client.ofType('message').map(({ topic }) => topic)).toEqual(['a', 'copies/a', 'b', 'copies/b', 'again'])
  expect(await rule(all.id)).toMatchObject({ matched: 2, looped: 1, problem: null })
  expect(await rule(there.id)).toMatchObject({ matched: 1, looped: 0 })
  expect(await rule(back.id, 'office')).toMatchObject({ matched: 1 })
  expect(JSON.stringify(log.ofType('log'))).toContain('would go on in a ring')
})

it('a chain of rules ends after eight steps', async () => {
  const { house, add, publish, rule } = await openRuled()
  const ids: string[] = []
  for (let step = 0; step < 9; step += 1)
    ids.push((await add({ name: `step ${step}`, filter: `step/${step}`, action: toTopic(`step/${step + 1}`) })).id)
  const client = await listen(house, 'step/#')
  await publish('step/0', 'go')
  await until('the last is left out', async () => (await rule(ids[8] ?? ''))['looped'] === 1)
  expect(client.ofType('message').map(({ topic }) => topic)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((step) => `step/${step}`))
})

it('what was done before kill -9 and not acknowledged is not published twice', async () => {
  const { house, dataDir, add, publish } = await openRuled()
  await add({ filter: 'in', action: toTopic('out') })
  const durable = await FrameClient.join(house.url, { sessionName: 'home', password: 'secure-password-123' }, 'reader')
  await durable.subscribe('out')
  const killed = temporaryFolder()
  // So the disk is between the two: what was published is on it, that the message is done with is not.
  const { deliverer } = (house.room.service.engine as EmbeddedEngine).parts
  deliverer.acknowledgeDelivery = () => false
  await publish('in', '1')
  await durable.next('message')
  cpSync(dataDir, killed, { recursive: true })
  const next = await openRuled({ dataDir: killed })
  await next.publish('in', '2')
  const again = await FrameClient.join(next.house.url, { sessionName: 'home', password: 'secure-password-123' }, 'reader')
  await until('both are there', () => again.ofType('message').length >= 2)
  await until('nothing waits for the rule', () => countsIn(next.house, 'home')?.queued === 2)
  expect(dataOf(again)).toEqual(['1', '2'])
})

it('content that is encrypted end to end is passed on and not looked into', async () => {
  const { house, add, publish, rule } = await openRuled()
  const letters = `${Buffer.alloc(16, 7).toString('base64')}:${Buffer.alloc(32, 9).toString('base64')}`
  const { id } = await add({
    name: 'looks',
    filter: 'in',
    conditions: [{ of: 'text', how: 'contains', value: 'A' }],
    action: toTopic('no'),
  })
  await add({ name: 'passes', filter: 'in', action: toTopic('out') })
  const client = await listen(house, '#')
  await publish('in', letters)
  await until('it is passed on', () => client.ofType('message').length === 2)
  expect(client.ofType('message')[1]).toMatchObject({ topic: 'out', data: letters })
  expect(await rule(id)).toMatchObject({ matched: 0 })
  const { body } = await house.call(`/v1/sessions/home/rules/${id}/try`, { message: { topic: 'in', data: letters } })
  expect(body).toMatchObject({ matched: false, encrypted: true, reason: expect.stringContaining('encrypted end to end') })
})

it('rules are there after a restart, with what came meanwhile in no one’s hands, and their figures', async () => {
  const { house, add, publish, rule } = await openRuled()
  const { id } = await add({ filter: 'in', action: toTopic('out') })
  await publish('in', '1')
  await until('it is done', async () => (await rule(id))['done'] === 1)
  await house.restart()
  const client = await listen(house, 'out')
  await publish('in', '2')
  expect((await client.next('message'))['data']).toBe('2')
  expect(await rule(id)).toMatchObject({ done: 2, matched: 2 })
})

it('a rule that is off sees nothing, and nothing is kept for it', async () => {
  const { house, add, publish, rule } = await openRuled()
  const { id } = await add({ filter: 'in', action: toTopic('out') })
  await house.call(`/v1/sessions/home/rules/${id}`, { enabled: false }, 'PATCH')
  const client = await listen(house, 'out')
  await publish('in', '1')
  expect(countsIn(house, 'home')?.queued).toBe(0)
  expect(await rule(id)).toMatchObject({ state: 'off', matched: 0 })
  await house.call(`/v1/sessions/home/rules/${id}`, { enabled: true }, 'PATCH')
  await publish('in', '2')
  expect((await client.next('message'))['data']).toBe('2')
})

it('says what a rule would do, and does nothing', async () => {
  const { house } = await openRuled()
  const client = await listen(house, '#')
  const conditions = [{ of: 'field', path: 'on', is: 'equals', value: true }]
  const draft = { name: 'draft', filter: 'lamps/+', conditions, action: toTopic('is/{{topic.2}}', { data: { was: '{{data.on}}' } }) }
  const ask = (message: object, more: object = {}) => house.call('/v1/sessions/home/rules/try', { rule: { ...draft, ...more }, message })
  expect((await ask({ topic: 'lamps/hall', data: { on: true } })).body).toEqual({
    ...{ matched: true, reason: null, encrypted: false, problem: null },
    action: { type: 'topic', session: 'home', topic: 'is/hall', data: { was: true }, retain: false },
  })
  expect((await ask({ topic: 'doors/hall', data: {} })).body).toMatchObject({ matched: false, reason: 'The topic is none of lamps/+' })
  expect((await ask({ topic: 'lamps/hall', data: { on: 'no' } })).body).toMatchObject({ matched: false, reason: 'on is not true' })
  expect((await ask({ topic: 'lamps/hall', data: 'dim' })).body).toMatchObject({ matched: false, reason: 'The content is no JSON' })
  const missing = { action: toTopic('is/{{data.name}}') }
  expect((await ask({ topic: 'lamps/hall', data: { on: true } }, missing)).body).toMatchObject({
    matched: true,
    action: null,
    problem: '{{data.name}} is not in the message',
  })
  const nowhere = { action: toTopic('x', { session: 'nowhere' }) }
  expect((await ask({ topic: 'lamps/hall', data: { on: true } }, nowhere)).body).toMatchObject({ problem: 'There is no session nowhere' })
  expect(client.ofType('message')).toEqual([])
})

it('refuses what is no rule, in words', async () => {
  const { house, add } = await openRuled()
  const create = async (more: object) => {
    const { status, body } = await house.call('/v1/sessions/home/rules', { name: 'bad', filter: 'a', action: toTopic('x'), ...more })
    return [status, body['error']]
  }
  expect(await create({ filter: 'a/#/b' })).toEqual([400, expect.stringContaining('filter is none')])
  expect(await create({ filter: '$share/g/a' })).toEqual([400, expect.stringContaining('may not be shared')])
  expect(await create({ conditions: [{ of: 'text', how: 'regex', value: '(' }] })).toEqual([
    400,
    expect.stringContaining('pattern cannot be read'),
  ])
  expect(await create({ conditions: [{ of: 'field', path: 'a', is: 'greater' }] })).toEqual([
    400,
    expect.stringContaining('value is required'),
  ])
  expect(await create({ action: toTopic('{{nothing}}') })).toEqual([400, '{{nothing}} is not known'])
  expect(await create({ action: toTopic('x', { session: 'nowhere' }) })).toEqual([403, expect.stringContaining('nowhere')])
  expect(await create({ action: { type: 'webhook' } })).toEqual([400, 'url is required'])
  expect(await create({ action: { type: 'webhook', url: 'ftp://example.test' } })).toEqual([400, expect.stringContaining('url')])
  expect(await create({ action: { type: 'bot', bot: 'b', chat: '15550100011', text: 'x' } })).toEqual([
    400,
    'This Wheelhouse runs without bots',
  ])
  expect(await create({ action: { type: 'mail' } })).toEqual([400, expect.stringContaining('type must be')])
  await add({ name: 'taken', action: toTopic('x') })
  expect(await create({ name: 'taken' })).toEqual([400, 'A rule of this name exists already'])
  expect((await house.call('/v1/sessions/home/rules/rule_none')).status).toBe(404)
  expect((await house.call('/v1/sessions/none/rules')).status).toBe(404)
  for (let index = 1; index < 50; index += 1) await add({ name: `rule ${index}`, action: toTopic('x') })
  expect(await create({})).toEqual([400, 'The session has 50 rules already'])
})

/** What agents do in brokers and bots through MCP beside looking: they make sessions and bots, settle messages, replay dead letters. */
import { expect, onTestFinished, test } from 'vitest'
import { botTools } from '../../../server/tools/bots/index.ts'
import { brokerTools } from '../../../server/tools/brokers/index.ts'
import { FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { openHouse } from '../../fakes/house-session.ts'
import { serveBots } from '../../fakes/served-bots.ts'
import { eventually } from '../../fixtures/eventually.ts'

const working = ['broker_create', 'broker_publish', 'broker_take', 'broker_settle', 'broker_leave', 'broker_replay']

test('an agent makes a broker, works through a queue message by message, and nothing is lost when the work breaks off', async () => {
  const brokers = await openBrokers()
  const house = await openHouse(brokerTools(brokers.room.inProcessClient))
  const agent = await house.connect({ wheelhouseTools: working })
  expect(await agent.names()).toEqual(expect.arrayContaining(working))
  const made = await agent.call('broker_create', { sessionName: 'yard', expiresIn: 1 })
  expect(made).toMatchObject({ sessionName: 'yard', password: expect.any(String), secretKey: expect.any(String) })
  expect(await agent.refused('broker_create', { sessionName: 'yard' })).toBe('Session already exists')
  const { content } = await agent.client.callTool({ name: 'broker_create', arguments: { sessionName: 'yard' } })
  expect(content).toMatchObject([{}, { text: 'Choose another name, or drop the session that has it.' }])
  // What it was given opens it for programs.
  const crane = await FrameClient.join(brokers.url, { sessionName: 'yard', password: made.password }, 'crane')
  await crane.subscribe('jobs/#')

  const take = (more: object = {}, name = 'planner') =>
    agent.call('broker_take', { sessionName: 'yard', topic: 'jobs/#', subscriber: name, wait: 0, ...more })
  expect(await take()).toEqual({ messages: [], hint: 'The queue is new: it gets what is published from now on.' })
  for (const berth of [1, 2, 3])
    await agent.call('broker_publish', { sessionName: 'yard', topic: `jobs/${berth}`, data: { berth }, headers: { ship: 'Meridian' } })
  const { messages } = await take({ limit: 2, wait: 50 })
  expect(messages).toMatchObject([
    { topic: 'jobs/1', data: '{"berth":1}', headers: { ship: 'Meridian' }, tries: 1, publisher: agent.actor },
    { topic: 'jobs/2', tries: 1 },
  ])
  const [first, second] = messages.map(({ handle }: { handle: string }) => handle)
  const settle = (handles: string[], outcome: string) => agent.call('broker_settle', { sessionName: 'yard', handles, outcome })
  expect(await settle([first], 'done')).toEqual({ settled: 1, unknown: 0 })
  expect(await settle([first, second], 'back')).toEqual({ settled: 1, unknown: 1 })
  // The one given back comes before the one that was never taken; the one that is done does not come again.
  expect((await take({ limit: 2, wait: 50 })).messages).toMatchObject([{ topic: 'jobs/2', tries: 2 }, { topic: 'jobs/3' }])
  expect(await agent.refused('broker_settle', { sessionName: 'nowhere', handles: ['x'], outcome: 'done' })).toBe('There is no such session')

  // A crash of the brokers between taking and settling: all that was not done is there again.
  await brokers.restart()
  const again = await take({ limit: 2, wait: 50 })
  expect(again.messages).toMatchObject([{ topic: 'jobs/2' }, { topic: 'jobs/3' }])
  expect(
    await settle(
      again.messages.map(({ handle }: { handle: string }) => handle),
      'done',
    ),
  ).toEqual({ settled: 2, unknown: 0 })
  expect((await take()).messages).toEqual([])

  const { topics } = await agent.call('broker_topics', { sessionName: 'yard' })
  expect(topics).toMatchObject([{ topic: 'jobs/1' }, { topic: 'jobs/2' }, { topic: 'jobs/3' }])
  expect(await agent.call('broker_leave', { sessionName: 'yard', subscriber: 'planner' })).toEqual({ left: 'planner' })
  expect(await agent.refused('broker_leave', { sessionName: 'yard', subscriber: 'planner' })).toBe('Client not found')
  expect(house.audit()).toContainEqual({ type: 'tool-used', subject: 'broker_take', actor: agent.actor, about: 'yard jobs/#' })
  expect(JSON.stringify(house.audit())).not.toContain(made.password)
})

test('the log of calls keeps no password or key, of the arguments or the answer, also of calls found by search and of refused ones', async () => {
  const brokers = await openBrokers()
  const house = await openHouse(brokerTools(brokers.room.inProcessClient))
  const agent = await house.connect({
    wheelhouseTools: working,
    search: 'on',
    approvals: { tools: [{ upstream: 'wheelhouse', name: 'broker_create' }] },
  })
  const password = 'sesame-4711'
  const make = (sessionName: string, decision: 'once' | 'refuse') => {
    const answered = agent.client.callTool({
      name: 'call_tool',
      arguments: { name: 'broker_create', arguments: { sessionName, password } },
    })
    return eventually('it waits', async () => (await house.relay.call('GET', '/v1/relay-approvals')).body.waiting[0]).then(
      async (waits) => {
        expect(waits.arguments).toEqual({ sessionName, password: '[secret]' })
        await house.relay.call('POST', `/v1/relay-approvals/${waits.id}`, { body: { decision } })
        return answered
      },
    )
  }
  const { content } = await make('yard', 'once')
  const { secretKey } = JSON.parse((content as { text: string }[])[0]?.text ?? '')
  expect(await make('gate', 'refuse')).toMatchObject({ isError: true })
  expect(await make('yard', 'once')).toMatchObject({ isError: true })

  const { calls } = (await house.relay.call('GET', '/v1/relay-calls')).body
  const details = await Promise.all(
    calls.map(async ({ id }: { id: number }) => (await house.relay.call('GET', `/v1/relay-calls/${id}`)).body),
  )
  expect(details).toMatchObject([
    { tool: 'broker_create', secrets: ['/password'], response: expect.stringContaining('Session already exists') },
    { tool: 'broker_create', response: expect.stringContaining('A person has refused this call') },
    { tool: 'broker_create', response: expect.stringContaining('[secret]'), request: expect.stringContaining('"password":"[secret]"') },
  ])
  expect(JSON.stringify(details)).not.toContain(password)
  expect(JSON.stringify(details)).not.toContain(secretKey)
  expect(JSON.stringify(house.relay.context.emitted)).not.toContain(password)
})

test('what is held too long comes back by itself, and a group divides its messages', async () => {
  const brokers = await openBrokers()
  const { sessionName } = await brokers.createSession()
  const house = await openHouse(brokerTools(brokers.room.inProcessClient))
  const agent = await house.connect({ wheelhouseTools: working })
  const take = (subscriber: string, more: object) =>
    agent.call('broker_take', { sessionName, topic: '$share/crew/jobs', subscriber, ...more })
  await take('ann', { wait: 0 })
  await take('bob', { wait: 0 })
  await agent.call('broker_publish', { sessionName, topic: 'jobs', data: 'lash', messageId: 'job-1' })
  expect((await agent.call('broker_publish', { sessionName, topic: 'jobs', data: 'lash', messageId: 'job-1' })).messageId).toBe('job-1')
  const both = async (hold: number) => {
    const taken = await Promise.all(['ann', 'bob'].map((name) => take(name, { limit: 1, wait: 0.5, hold })))
    return taken.flatMap(({ messages }) => messages)
  }
  const first = await eventually('one of them has it', async () => {
    const taken = await both(600)
    return taken.length > 0 ? taken : null
  })
  expect(first).toMatchObject([{ messageId: 'job-1', data: 'lash' }])
  await agent.call('broker_settle', { sessionName, handles: [first[0].handle], outcome: 'back' })
  const taken = [await eventually('somebody has it', async () => (await take('ann', { limit: 1, wait: 0, hold: 1 })).messages[0])]
  const back = await eventually('it is there again', async () => (await take('ann', { limit: 1, wait: 1, hold: 600 })).messages[0])
  expect(back.tries).toBeGreaterThan(taken[0].tries)
  expect(back.handle).not.toBe(taken[0].handle)
  expect(await agent.call('broker_settle', { sessionName, handles: [taken[0].handle], outcome: 'done' })).toEqual({
    settled: 0,
    unknown: 1,
  })
  expect(await agent.call('broker_settle', { sessionName, handles: [back.handle], outcome: 'done' })).toEqual({ settled: 1, unknown: 0 })
})

test('dead letters are listed with their reason and put back to who listens', async () => {
  const brokers = await openBrokers()
  const session = await brokers.createSession()
  const { sessionName } = session
  const house = await openHouse(brokerTools(brokers.room.inProcessClient))
  const agent = await house.connect({ wheelhouseTools: working })
  const gate = await FrameClient.join(brokers.url, session, 'gate')
  await gate.subscribe('gate')
  gate.socket.terminate()
  await eventually('it is away', async () => (await agent.call('brokers_list'))[0].clients === 0)
  await agent.call('broker_publish', { sessionName, topic: 'gate', data: 'open', ttl: 1 })
  const list = async () => agent.call('broker_dead_letters', { sessionName })
  const { deadLetters } = await eventually('it has expired', async () => {
    const found = await list()
    return found.total > 0 ? found : null
  })
  expect(deadLetters).toMatchObject([{ topic: 'gate', reason: 'expired', subscriber: 'user:gate', preview: 'open' }])
  expect(await agent.call('broker_replay', { sessionName, ids: [deadLetters[0].id] })).toEqual({ replayed: 1, kept: 0 })
  expect((await list()).total).toBe(0)
  const back = await FrameClient.join(brokers.url, session, 'gate')
  expect(await back.next('message')).toMatchObject({ data: 'open' })
})

test('an agent makes a bot and reads its code, a person types it, and the bot is online', async () => {
  const bots = await serveBots()
  onTestFinished(() => bots.stop())
  const house = await openHouse(botTools(bots.room))
  const agent = await house.connect({ wheelhouseTools: ['bot_create', 'bot_link_code', 'bot_stop', 'bot_start'] })
  expect(await agent.refused('bot_link_code', { userId: 'quay' })).toBe('Session not found')
  const made = await agent.call('bot_create', { userId: 'quay', phoneNumber: '15550100188' })
  expect(made).toMatchObject({ userId: 'quay', pairingCode: expect.stringMatching(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/) })
  expect((await agent.call('bot_link_code', { userId: 'quay' })).pairingCode).toBe(made.pairingCode)
  await bots.double.enterCode('15550100188', made.pairingCode)
  await eventually('it is online', async () => (await agent.call('bots_list'))[0].state === 'online')
  expect(await agent.refused('bot_link_code', { userId: 'quay' })).toBe('No pending pairing code for this session')
  await agent.call('bot_stop', { userId: 'quay' })
  expect((await agent.call('bots_list'))[0].state).toBe('stopped')
  await agent.call('bot_start', { userId: 'quay' })
  await eventually('it is online again', async () => (await agent.call('bots_list'))[0].state === 'online')
  expect(JSON.stringify(house.audit())).not.toContain(made.pairingCode)
  const reader = await house.connect()
  await expect(reader.client.callTool({ name: 'bot_link_code', arguments: { userId: 'quay' } })).rejects.toThrow('Unknown tool')
})

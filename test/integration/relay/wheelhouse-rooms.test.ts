/** Bots, brokers and logins as tools of Wheelhouse's own MCP server: real rooms behind them, a real MCP client before them. */
import { expect, onTestFinished, test } from 'vitest'
import { botTools } from '../../../server/tools/bots/index.ts'
import { brokerTools } from '../../../server/tools/brokers/index.ts'
import { loginTools } from '../../../server/tools/logins.ts'
import { countsIn, FrameClient, openBrokers } from '../../fakes/broker-house.ts'
import { openHouse } from '../../fakes/house-session.ts'
import { startLogins } from '../../fakes/logins.ts'
import { serveBots } from '../../fakes/served-bots.ts'
import { connectContact, textOf } from '../../fakes/whatsapp/contact.ts'
import { eventually } from '../../fixtures/eventually.ts'

/** Tools of the bots room that change nothing. */
const reading = [
  ...['bots_list', 'bot_read', 'bot_media', 'bot_chats', 'bot_lookup', 'bot_contacts', 'bot_contact'],
  ...['bot_groups', 'bot_group', 'bot_votes', 'bot_sent'],
]

test('bots are listed, their kept messages read and text sent, each under the session that did it', async () => {
  const bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  const ann = await connectContact(bots.double, '15550100011', 'Ann')
  onTestFinished(async () => {
    await ann.stop()
    await bots.stop()
  })
  await bots.linked('gate', '15550100142')
  bots.room.service.change('gate', { keepsLog: true }, 'owner')
  const house = await openHouse(botTools(bots.room))

  const reader = await house.connect()
  expect(await reader.names()).toEqual(reading)
  await expect(reader.client.callTool({ name: 'bot_send', arguments: { userId: 'gate', to: '15550100011', text: 'no' } })).rejects.toThrow(
    'Unknown tool',
  )
  expect(await reader.call('bots_list')).toMatchObject([{ userId: 'gate', state: 'online', phoneNumber: '15550100142', keepsLog: true }])

  const writer = await house.connect({ wheelhouseTools: ['bot_send'] })
  const sending = (await writer.client.listTools()).tools.find(({ name }) => name === 'bot_send')
  expect(sending).toMatchObject({
    annotations: { readOnlyHint: false, destructiveHint: true },
    inputSchema: { required: expect.arrayContaining(['userId', 'to', 'text']) },
  })
  const steps: number[] = []
  const sent = await writer.call(
    'bot_send',
    { userId: 'gate', to: '15550100011', text: 'Berth 7 is free', key: 'berth-7', wait: 30 },
    { onprogress: ({ progress }) => void steps.push(progress) },
  )
  expect(['sent', 'delivered', 'read']).toContain(sent.status)
  expect(steps).toEqual(steps.toSorted((a, b) => a - b))
  expect(steps.at(-1)).toBe(2)
  await ann.message((message) => textOf(message) === 'Berth 7 is free')
  expect((await writer.call('bot_send', { userId: 'gate', to: '15550100011', text: 'Berth 7 is free', key: 'berth-7' })).messageId).toBe(
    sent.messageId,
  )

  await ann.socket.sendMessage('15550100142@s.whatsapp.net', { text: 'We come at noon' })
  const found = await eventually(
    'the answer is kept',
    async () => (await reader.call('bot_read', { userId: 'gate', text: 'noon' })).messages[0],
  )
  expect(found).toMatchObject({ text: 'We come at noon', authorName: 'Ann', fromMe: false })
  expect(await reader.call('bot_read', { userId: 'gate', chat: '15550100099' })).toEqual({ keepsLog: true, messages: [] })
  expect(await reader.refused('bot_read', { userId: 'nobody' })).toBe('Session not found')

  expect(house.audit()).toContainEqual({ type: 'tool-used', subject: 'bot_send', actor: writer.actor, about: 'gate' })
  expect(house.audit()).toContainEqual({ type: 'tool-failed', subject: 'bot_read', actor: reader.actor, about: 'nobody' })
  expect(JSON.stringify(house.audit())).not.toContain('Berth 7')
})

test('an agent sends any kind, changes and deletes it, looks people up and counts votes', async () => {
  const bots = await serveBots()
  bots.context.change({ bots: { pause: 0 } })
  const ann = await connectContact(bots.double, '15550100011', 'Ann')
  const group = '120363000000000001@g.us'
  bots.double.addGroup({ id: group, subject: 'Yard', owner: ann.number, members: [ann.number, '15550100142'] })
  onTestFinished(async () => {
    await ann.stop()
    await bots.stop()
  })
  await bots.linked('gate', '15550100142')
  bots.room.service.change('gate', { keepsLog: true }, 'owner')
  const house = await openHouse(botTools(bots.room))
  const changing = [
    'bot_send_message',
    'bot_edit',
    'bot_delete',
    'bot_mark_read',
    'bot_group_create',
    'bot_group_members',
    'bot_group_leave',
  ]
  const agent = await house.connect({ wheelhouseTools: changing })
  expect(await agent.names()).toEqual(expect.arrayContaining([...reading, ...changing]))

  const poll = { type: 'poll', question: 'Which ramp?', options: ['two', 'three'] }
  const asked = await agent.call('bot_send_message', { userId: 'gate', to: ann.number, message: poll, key: 'ramp', wait: 30 })
  expect(asked).toMatchObject({ kind: 'poll', problem: null })
  await ann.message(({ key }) => key.id === asked.messageId)
  expect(await agent.call('bot_votes', { userId: 'gate', messageId: asked.messageId })).toMatchObject({
    poll: { question: 'Which ramp?' },
    totals: [
      { option: 'two', votes: 0 },
      { option: 'three', votes: 0 },
    ],
  })
  const { messageId } = await agent.call('bot_send_message', {
    userId: 'gate',
    to: ann.number,
    message: { type: 'text', text: 'ramp 2' },
    wait: 30,
  })
  expect(await agent.call('bot_edit', { userId: 'gate', messageId, text: 'ramp 3', wait: 30 })).toMatchObject({
    kind: 'edit',
    problem: null,
  })
  expect(await agent.call('bot_delete', { userId: 'gate', messageId, wait: 30 })).toMatchObject({ kind: 'delete', problem: null })
  await ann.event('messages.update', (updates) => updates.some(({ key, update }) => key.id === messageId && update.message === null))
  expect(await agent.call('bot_lookup', { userId: 'gate', number: ann.number })).toMatchObject({ exists: true })
  expect(await agent.call('bot_groups', { userId: 'gate' })).toMatchObject({ groups: [{ id: group, subject: 'Yard' }] })
  expect((await agent.call('bot_chats', { userId: 'gate' })).chats).toHaveLength(1)
  expect((await agent.call('bot_sent', { userId: 'gate' })).messages[0]).toMatchObject({ kind: 'delete' })
  expect(await agent.refused('bot_lookup', { userId: 'nobody', number: ann.number })).toBe('Session not found')
  expect(await agent.refused('bot_edit', { userId: 'gate', messageId: 'ABCDEF012345', text: 'what' })).toBe('No such message')
  expect(house.audit()).toContainEqual({ type: 'tool-used', subject: 'bot_delete', actor: agent.actor, about: 'gate' })
})

test('a message to a bot that is not online is said to wait, not to be lost', async () => {
  const bots = await serveBots()
  onTestFinished(() => bots.stop())
  await bots.linked('gate', '15550100142')
  await bots.room.service.get('gate').stop()
  const house = await openHouse(botTools(bots.room))
  const writer = await house.connect({ wheelhouseTools: ['bot_send'] })
  expect(await writer.call('bot_send', { userId: 'gate', to: '15550100011', text: 'later', wait: 0 })).toMatchObject({
    status: 'queued',
    problem: null,
  })
})

test('broker messages are looked at without being taken, published durably, and heard beside everybody else', async () => {
  const brokers = await openBrokers()
  const session = await brokers.createSession()
  const name = session.sessionName
  const house = await openHouse(brokerTools(brokers.room.inProcessClient))
  const reader = await house.connect()
  expect(await reader.names()).toEqual(['brokers_list', 'broker_peek', 'broker_subscribe', 'broker_topics', 'broker_dead_letters'])
  const writer = await house.connect({ wheelhouseTools: ['broker_publish'] })

  // Somebody who is away gets what is published for him, though it was looked at meanwhile.
  const away = await FrameClient.join(brokers.url, session, 'crane')
  await away.subscribe('quay/+')
  away.socket.terminate()
  await eventually('he is away', async () => (await reader.call('brokers_list'))[0].clients === 0)
  const first = await writer.call('broker_publish', { sessionName: name, topic: 'quay/7', data: { ship: 'Meridian' } })
  expect(first).toMatchObject({ deliveredTo: 0, queuedFor: 1 })
  for (let look = 0; look < 2; look += 1) {
    expect((await reader.call('broker_peek', { sessionName: name, topic: 'quay/#' })).messages).toMatchObject([
      { messageId: first.messageId, topic: 'quay/7', data: { ship: 'Meridian' }, publisher: writer.actor },
    ])
  }
  expect((await reader.call('broker_peek', { sessionName: name, topic: 'office' })).messages).toEqual([])
  const back = await FrameClient.join(brokers.url, session, 'crane')
  expect(await back.next('message')).toMatchObject({ messageId: first.messageId, data: { ship: 'Meridian' } })
  back.ack('quay/7', first.messageId)
  await eventually('nothing waits', async () => (await reader.call('brokers_list'))[0].queued === 0)

  // The wait ends with the third of the messages asked for; the other subscriber gets each of them too.
  const steps: number[] = []
  const listening = reader.call(
    'broker_subscribe',
    { sessionName: name, topic: 'quay/#', wait: 50, limit: 3 },
    { onprogress: ({ progress }) => void steps.push(progress) },
  )
  await eventually('it listens', async () => (await reader.call('brokers_list'))[0].clients === 2)
  for (const berth of [1, 2, 3, 4])
    await writer.call('broker_publish', { sessionName: name, topic: `quay/${berth}`, data: `berth ${berth}` })
  const { messages } = await listening
  expect(messages.map(({ data }: { data: string }) => data)).toEqual(['berth 1', 'berth 2', 'berth 3'])
  expect(steps).toEqual([0, 1, 2, 3])
  for (const berth of [1, 2, 3, 4]) expect(await back.next('message')).toMatchObject({ data: `berth ${berth}` })
  expect(countsIn(brokers, name)?.deadLetters).toBe(0)
  expect((await reader.call('brokers_list'))[0].clients).toBe(1)
  expect(house.audit()).toContainEqual({ type: 'tool-used', subject: 'broker_publish', actor: writer.actor, about: `${name} quay/7` })
})

test('listening ends with its time, with the client that asked, and with the session; a foreign group is not joined', async () => {
  const brokers = await openBrokers()
  const { sessionName } = await brokers.createSession()
  const house = await openHouse(brokerTools(brokers.room.inProcessClient))
  const reader = await house.connect()
  const clients = () => countsIn(brokers, sessionName)?.clients

  expect(await reader.call('broker_subscribe', { sessionName, topic: '#', wait: 0.1 })).toEqual({ messages: [] })
  expect(clients()).toBe(0)

  const stop = new AbortController()
  const cancelled = reader.call('broker_subscribe', { sessionName, topic: '#', wait: 50 }, { signal: stop.signal })
  await eventually('it listens', () => clients() === 1)
  stop.abort('enough')
  await expect(cancelled).rejects.toThrow()
  await eventually('it has stopped listening', () => clients() === 0)

  const suspended = reader.call('broker_subscribe', { sessionName, topic: '#', wait: 50 })
  await eventually('it listens', () => clients() === 1)
  brokers.room.service.setSuspended(sessionName, true, 'owner')
  expect(await suspended).toEqual({ messages: [], ended: 'suspended' })

  expect(await reader.refused('broker_subscribe', { sessionName, topic: '#' })).toBe('Session is suspended')
  expect(await reader.refused('broker_subscribe', { sessionName, topic: '$share/workers/quay' })).toBe('Invalid topic')
  expect(await reader.refused('broker_peek', { sessionName: 'nowhere' })).toBe('There is no such session')
  const writer = await house.connect({ wheelhouseTools: ['broker_publish'] })
  expect(await writer.refused('broker_publish', { sessionName, topic: 'quay', data: 'x' })).toBe('Session is suspended')
  expect(await writer.refused('broker_publish', { sessionName, topic: 'quay/#', data: 'x' })).toMatch(/suspended|Invalid topic/)
})

test('logins are looked up without their tokens and revoked, one or all of a user', async () => {
  const logins = await startLogins()
  const [first, second] = [await logins.login({ user_id: 'u1', username: 'ann' }), await logins.login({ user_id: 'u1', username: 'ann' })]
  await logins.login({ user_id: 'u2', username: 'bob' })
  const house = await openHouse(loginTools(logins.room))
  const reader = await house.connect()
  expect(await reader.names()).toEqual(['login_find'])
  const found = await reader.call('login_find', { text: 'ann' })
  expect(found).toMatchObject({
    total: 2,
    logins: [
      { username: 'ann', state: 'active' },
      { username: 'ann', state: 'active' },
    ],
  })
  expect(JSON.stringify(found)).not.toContain(first.token.split('.')[2])
  await expect(reader.client.callTool({ name: 'login_revoke', arguments: { id: first.session_id } })).rejects.toThrow('Unknown tool')

  // One switch opens one tool.
  const careful = await house.connect({ wheelhouseTools: ['login_revoke'] })
  expect(await careful.names()).toEqual(['login_find', 'login_revoke'])
  expect(await careful.call('login_revoke', { id: first.session_id })).toMatchObject({
    revoked: true,
    login: { id: first.session_id, state: 'revoked' },
  })
  expect(await careful.call('login_revoke', { id: first.session_id })).toMatchObject({ revoked: false })
  expect((await logins.validate(first.token)).status).toBe(401)
  expect((await logins.validate(second.token)).status).toBe(200)
  expect(await careful.refused('login_revoke', { id: '0'.repeat(32) })).toBe('There is no such session')

  const bold = await house.connect({ wheelhouseTools: ['login_revoke_user'] }, 'legacy')
  expect(await bold.call('login_revoke_user', { userId: 'u1' })).toEqual({ userId: 'u1', revoked: 1 })
  expect((await logins.validate(second.token)).status).toBe(401)
  expect((await reader.call('login_find', { userId: 'u1' })).total).toBe(0)
  expect((await reader.call('login_find', { userId: 'u1', state: 'over' })).total).toBe(2)
  // The logins' own audit names the session too, not just the relay's.
  expect(logins.events.emitted.filter(({ type }) => type === 'session-ended').map(({ actor }) => actor)).toContain(careful.actor)
  expect(house.audit()).toContainEqual({ type: 'tool-used', subject: 'login_revoke_user', actor: bold.actor, about: 'u1' })
})

test('a read-only session has none of the tools that change something, whatever was switched on', async () => {
  const logins = await startLogins()
  const house = await openHouse(loginTools(logins.room))
  const session = await house.connect({ readOnly: true, wheelhouseTools: ['login_revoke', 'login_revoke_user'] })
  expect(await session.names()).toEqual(['login_find'])
})

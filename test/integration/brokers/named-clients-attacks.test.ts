/** What a named client could try, and what could happen at the wrong moment: neither gives it more than its rules do. */
import { describe, expect, it } from 'vitest'
import { FrameClient, openBrokers, quickPasswords, type BrokerHouse, type Json } from '../../fakes/broker-house.ts'
import { temporaryFolder, testDatabase, until } from '../../fakes/kernel.ts'
import { allow, joinNamed, openNamed } from '../../fakes/named-clients.ts'

async function published(house: BrokerHouse, session: { sessionName: string; password: string }, topics: readonly string[]): Promise<void> {
  const writer = await FrameClient.join(house.url, session)
  for (const topic of topics) {
    writer.publish(topic, `id of ${topic}`)
    expect(await writer.next('publish_response')).toMatchObject({ success: true })
  }
}

describe('a named client', () => {
  it('reads and changes no devices of another one, whatever userId it gives beside its login', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName } = session
    const [door, gate] = [await add('door'), await add('gate')]
    const owner = await FrameClient.join(house.url, { sessionName, password: gate }, 'gate')
    owner.send({ type: 'register_fcm_token', userId: 'gate', encryptedData: 'token of gate' })
    expect(await owner.next('fcm_token_response')).toMatchObject({ success: true })

    const thief = await FrameClient.join(house.url, { sessionName: `${sessionName}:door`, password: door }, 'gate')
    thief.send({ type: 'get_registered_devices', userId: 'gate' })
    expect(await thief.next('registered_devices_response')).toMatchObject({ success: false, devices: [] })
    thief.send({ type: 'unregister_fcm_token', userId: 'gate', encryptedData: 'token of gate' })
    expect(await thief.next('fcm_unregister_response')).toMatchObject({ success: false, error: 'Not allowed for another userId' })
    thief.send({ type: 'get_registered_devices', userId: 'door' })
    expect(await thief.next('registered_devices_response')).toMatchObject({ success: true })
  })

  it('has nothing to do with a client of the session’s password, whatever that one calls itself', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door', { rules: [allow('doors/#')] })
    for (const clientId of ['@door/phone', 'door/phone', '@door']) {
      const owner = await joinNamed(house, sessionName, password, { clientId })
      await owner.subscribeAsync('private', { qos: 1 })
      await owner.endAsync()
    }
    for (const user of ['@door', '@door/x', 'door:door']) {
      const owner = await FrameClient.join(house.url, session, user)
      await owner.subscribe('private')
      owner.socket.close()
      await owner.ended()
    }
    await published(house, session, ['private'])
    const mqtt = [
      await joinNamed(house, `${sessionName}:door`, key),
      await joinNamed(house, `${sessionName}:door`, key, { clientId: 'door' }),
    ]
    const json = [
      await FrameClient.join(house.url, { sessionName, password: key }, 'door'),
      await FrameClient.join(house.url, { sessionName: `${sessionName}:door`, password: key }, 'x'),
    ]
    for (const each of mqtt) await each.subscribeAsync('doors/1', { qos: 1 })
    for (const each of json) await each.subscribe('doors/1')
    await published(house, session, ['doors/1'])
    await until(
      'each has what it may have',
      () => mqtt.every(({ topics }) => topics.length > 0) && json.every((each) => each.ofType('message').length > 0),
    )
    expect(mqtt.flatMap(({ topics }) => topics)).toEqual(['doors/1', 'doors/1'])
    expect(json.flatMap((each) => each.ofType('message').map(({ topic }) => topic))).toEqual(['doors/1', 'doors/1'])
  })

  it('publishes its will under its own name, not under that of a client whose id it took', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName } = session
    const key = await add('door')
    const tail = await fetch(`${house.url}/v1/sessions/${sessionName}/tail.ndjson?topic=%23&count=1`, { headers: { 'x-api-key': 'owner' } })
    const thief = await joinNamed(house, `${sessionName}:door`, key, {
      clientId: 'boss',
      will: { topic: 'orders', payload: Buffer.from('do it'), qos: 1, retain: false },
    })
    thief.stream.destroy()
    const line = (await tail.text()).split('\n').find((each) => each.includes('"message"')) ?? '{}'
    expect(JSON.parse(line)).toMatchObject({ topic: 'orders', publisher: '@door/boss' })
  })

  it('cannot have the password of the session, which opens all of it', async () => {
    const { house, session, path, add } = await openNamed()
    await add('gate')
    const refused = { success: false, error: 'This is the password of the session, which opens all of it' }
    expect((await house.call(path, { name: 'door', password: session.password })).body).toEqual(refused)
    expect((await house.call(`${path}/gate/secret`, { password: session.password })).body).toEqual(refused)
  })

  it('is not asked about where a client of its name has the session’s password, as far as that is known', async () => {
    const asked: string[] = []
    const passwords = {
      hash: quickPasswords.hash,
      check(password: string, hash: string) {
        asked.push(password)
        return quickPasswords.check(password, hash)
      },
    }
    const { house, session, add } = await openNamed({ given: { passwords } })
    await add('door', { password: 'door-password' })
    asked.length = 0
    for (let count = 0; count < 3; count += 1) await FrameClient.join(house.url, session, 'door')
    expect(asked).toEqual([])
  })

  it('and a session do not share a user name', async () => {
    const { house, session, path, add } = await openNamed()
    const { sessionName } = session
    await add('door')
    const create = (name: string): Promise<{ status: number; body: Json }> =>
      house.call('/api/createSession', { sessionName: name, password: 'another-password' })
    expect(await create(`${sessionName}:door`)).toMatchObject({ status: 400, body: { success: false, error: 'Session already exists' } })
    expect((await create(`${sessionName}:gate`)).status).toBe(200)
    expect((await house.call(path, { name: 'gate' })).body).toEqual({
      success: false,
      error: 'A session has the name by which it would log in',
    })
    await FrameClient.join(house.url, { sessionName: `${sessionName}:gate`, password: 'another-password' })
  })
})

describe('rules that change', () => {
  it('take nothing from a group: what waited for one member goes to another', async () => {
    const { house, session, path, add } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door')
    const away = await joinNamed(house, `${sessionName}:door`, key)
    await away.subscribeAsync('$share/g/jobs/#', { qos: 1 })
    await away.endAsync()
    await published(house, session, ['jobs/1', 'jobs/2'])
    const worker = await joinNamed(house, sessionName, password, { clientId: 'worker' })
    await worker.subscribeAsync('$share/g/jobs/#', { qos: 1 })
    expect(await house.call(`${path}/door`, { rules: [allow('news')] }, 'PATCH')).toMatchObject({ status: 200 })
    await until('the other member has them', () => worker.topics.length === 2)
    expect(worker.topics).toEqual(['jobs/1', 'jobs/2'])
  })

  it('make room for what it may still have in a window that was full of what it may not', async () => {
    const { house, path, session, add } = await openNamed()
    const { sessionName, password } = session
    await house.call(`/v1/sessions/${sessionName}`, { policy: { maxInFlight: 1 } }, 'PATCH')
    const key = await add('door')
    const json = await FrameClient.join(house.url, { sessionName, password: key }, 'door')
    for (const filter of ['private', 'news']) await json.subscribe(filter)
    await published(house, { sessionName, password }, ['private', 'news'])
    await json.next('message')
    await house.call(`${path}/door`, { rules: [allow('news')] }, 'PATCH')
    expect(await json.next('message')).toMatchObject({ topic: 'news' })
  })

  it('hold for a dead letter that is replayed', async () => {
    const { house, path, session, add } = await openNamed()
    const { sessionName, password } = session
    await house.call(`/v1/sessions/${sessionName}`, { policy: { maxQueuedMessages: 1 } }, 'PATCH')
    const key = await add('door')
    const away = await joinNamed(house, `${sessionName}:door`, key)
    await away.subscribeAsync('#', { qos: 1 })
    await away.endAsync()
    await published(house, { sessionName, password }, ['private', 'news', 'private/2'])
    await house.call(`${path}/door`, { rules: [allow('news')] }, 'PATCH')
    const back = await joinNamed(house, `${sessionName}:door`, key)
    await back.subscribeAsync('news', { qos: 1 })
    const replayed = await house.call(`/v1/sessions/${sessionName}/dead-letters/replay`, { all: true })
    expect(replayed).toEqual({ status: 200, body: { replayed: 1, kept: 1 } })
    await published(house, { sessionName, password }, ['private/3'])
    await until('what it may have has come', () => back.topics.length > 0)
    expect(back.topics).toEqual(['news'])
  })

  it('hold for a message that is on its way to the disk, which a group still gets', async () => {
    const { house, session, add } = await openNamed()
    const { sessionName, password } = session
    const key = await add('door')
    const away = await joinNamed(house, `${sessionName}:door`, key)
    for (const filter of ['news/#', '$share/g/jobs/#']) await away.subscribeAsync(filter, { qos: 1 })
    await away.endAsync()
    // The other member of the group has more to do, so that the message is not given to it at first.
    const worker = { clientId: 'worker' }
    const member = await joinNamed(house, sessionName, password, worker)
    for (const filter of ['busy', '$share/g/jobs/#']) await member.subscribeAsync(filter, { qos: 1 })
    await member.endAsync()
    await published(house, session, ['busy'])
    const { service } = house.room
    const stored = service.byName(sessionName)
    const accepted: unknown[] = []
    const publisher = { id: 1_000_000, accepted: (receipt: unknown) => void accepted.push(receipt), failed: () => undefined }
    const publication = { source: 'mqtt', body: Buffer.from('x'), isEmpty: false, qos: 1, retain: false, properties: null } as const
    for (const topic of ['jobs/1', 'news/1'])
      service.engine.publish(stored.id, { ...publication, topic, id: topic, expiresIn: null, publisher: 'test' }, publisher)
    expect(accepted).toEqual([])
    await service.named.setRules(stored, 'door', [allow('news/#')], 'owner')
    await until('both are accepted', () => accepted.length === 2)
    await published(house, session, ['news/2'])
    const back = await joinNamed(house, `${sessionName}:door`, key)
    await until('what it may have has come', () => back.topics.length >= 2)
    expect(back.topics).toEqual(['news/1', 'news/2'])
    const again = await joinNamed(house, sessionName, password, worker)
    await until('the group has it', () => again.topics.length >= 2)
    expect(again.topics).toEqual(['busy', 'jobs/1'])
  })

  it('hold after a crash that came before the journal had them, as a revocation does', async () => {
    const dataDir = temporaryFolder()
    const before = await openNamed({ dataDir })
    const { sessionName, password } = before.session
    const keys = { door: await before.add('door'), gate: await before.add('gate') }
    for (const name of ['door', 'gate'] as const) {
      const client = await joinNamed(before.house, `${sessionName}:${name}`, keys[name])
      for (const filter of ['private/#', 'news/#']) await client.subscribeAsync(filter, { qos: 1 })
      await client.endAsync()
    }
    await published(before.house, before.session, ['private/1', 'news/1'])
    await before.house.stop()
    // What SQLite had of it when the process was killed; the journal had nothing yet.
    const database = testDatabase(`${dataDir}/wheelhouse.db`)
    database.prepare('UPDATE broker_named_clients SET rules = ? WHERE name = ?').run(JSON.stringify([allow('news/#')]), 'door')
    database.prepare('DELETE FROM broker_named_clients WHERE name = ?').run('gate')
    database.close()

    const house = await openBrokers({ dataDir })
    const { body } = await house.call(`/v1/sessions/${sessionName}/named-clients`, { name: 'gate' })
    await published(house, { sessionName, password }, ['private/2', 'news/2'])
    const door = await joinNamed(house, `${sessionName}:door`, keys.door)
    await until('what it may have has come', () => door.topics.length >= 2)
    expect(door.topics).toEqual(['news/1', 'news/2'])
    const gate = await joinNamed(house, `${sessionName}:gate`, String(body['key']))
    await gate.subscribeAsync('last', { qos: 1 })
    await published(house, { sessionName, password }, ['last'])
    await until('it has come', () => gate.topics.length > 0)
    expect(gate.topics).toEqual(['last'])
  })
})

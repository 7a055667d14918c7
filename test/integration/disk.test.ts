/** A disk that refuses, at the start and later: it is said in one line and in each contract's shape, and what can be served is. */
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { openDatabase, type Database } from '../../server/store/database.ts'
import { openHouseDatabase } from '../../server/store/house-database.ts'
import { migrate, versionOf } from '../../server/store/migrate.ts'
import { temporaryFolder } from '../fakes/kernel.ts'
import { newDataDir, startServer, type ServerProcess, type ServerProcessOptions } from '../fakes/server-process.ts'

const running: ServerProcess[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.dispose()
})

async function start(options: ServerProcessOptions): Promise<ServerProcess> {
  const server = await startServer(options)
  running.push(server)
  return server
}

/** A folder in which a server has run, and stopped in good order. */
async function usedDataDir(prepare: (server: ServerProcess) => Promise<unknown> = async () => undefined): Promise<string> {
  const dataDir = newDataDir()
  const server = await startServer({ dataDir })
  await prepare(server)
  await server.end()
  return dataDir
}

/** Overwrites the first page of a table, as a failing disk would leave it. */
function damage(file: string, table: string): void {
  const database = openDatabase(file)
  const page = database.prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table) ?? 0
  const size = Number(database.pragma('page_size', { simple: true }))
  database.close()
  const handle = openSync(file, 'r+')
  writeSync(handle, Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size)
  closeSync(handle)
}

interface Made {
  room: string
  call(server: ServerProcess, index: number): Promise<Response>
  /** The words of the room's error shape, whatever they stand under. */
  shape: object
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})
const url = (server: ServerProcess, room: string, path: string): string => `${server.ready.apis[room]?.url ?? ''}${path}`
const refused = /^Nothing was stored: /

/** One acknowledged write in each contract; the first is the quickest, for it fills the disk. */
const writes: readonly Made[] = [
  {
    room: 'logins',
    call: (server, index) =>
      fetch(
        url(server, 'logins', '/api/v1/sessions'),
        json({ user_id: `user-${index}`, username: 'john_doe', role_name: 'admin', permissions: ['read'.repeat(20)] }),
      ),
    shape: { success: false, error_code: 'storage_refused', message: expect.stringMatching(refused) },
  },
  {
    room: 'brokers',
    call: (server, index) =>
      fetch(url(server, 'brokers', '/api/createSession'), json({ sessionName: `tenant-${index}`, password: 'harbor-demo' })),
    shape: { success: false, error: expect.stringMatching(refused) },
  },
  {
    room: 'bots',
    call: (server, index) =>
      fetch(url(server, 'bots', '/api/sessions'), json({ userId: `bot_1555010${index}`, phoneNumber: '15550100123' })),
    shape: { success: false, message: expect.stringMatching(refused) },
  },
  {
    room: 'relay',
    call: (server) => fetch(url(server, 'relay', '/api/sessions'), { method: 'POST', headers: { 'x-user-id': 'ann' } }),
    shape: { statusCode: 507, error: expect.stringMatching(refused) },
  },
  {
    room: 'control',
    call: (server, index) => server.call('/control/v1/users', { method: 'POST', json: { primaryEmail: `person-${index}@example.test` } }),
    shape: { error: expect.objectContaining({ code: 'storage-refused', message: expect.stringMatching(refused) }) },
  },
]

describe('a disk that takes no more', () => {
  test('is said with 507 in each contract’s shape and named for each room, reading goes on, and what was acknowledged is there afterwards', async () => {
    const dataDir = await usedDataDir((server) =>
      server.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test' } }),
    )
    const room = 96 * 1_024
    const env = { SESSION_STORAGE_TYPE: 'database' }
    const server = await start({
      dataDir,
      env,
      args: ['--whatsapp-url', 'ws://127.0.0.1:9'],
      largestFile: statSync(join(dataDir, 'wheelhouse.db')).size + room,
    })
    // The limit is for each file by itself, a disk's is for all together: who looks every few seconds for room must find none.
    const probe = join(dataDir, '.disk-probe')
    mkdirSync(probe)
    const logins: string[] = []
    const tenants: string[] = []
    for (const { room, call, shape } of writes) {
      let answer = await call(server, 0)
      for (let index = 1; index < 400 && answer.ok; index += 1) {
        const { session_id: login, sessionName: tenant } = (await answer.json()) as { session_id?: string; sessionName?: string } // whichever the contract has
        if (room === 'logins') logins.push(String(login))
        if (room === 'brokers') tenants.push(String(tenant))
        answer = await call(server, index)
      }
      expect([room, answer.status, await answer.json()]).toEqual([room, 507, expect.objectContaining(shape)])
    }
    // Reading goes on, and the house says what is wrong.
    expect((await server.call('/control/v1/users')).status).toBe(200)
    const { attention } = (await (await server.call('/control/v1/overview')).json()) as { attention: { id: string; text: string }[] }
    for (const { room } of writes) expect(attention.find(({ id }) => id === `disk:${room}`)?.text).toContain(dataDir)
    expect(await server.end()).toBe(0)
    rmdirSync(probe)

    const after = await start({ dataDir, env })
    expect(logins.length).toBeGreaterThan(0)
    const database = openDatabase(join(dataDir, 'wheelhouse.db'))
    expect(database.prepare<[], string>('SELECT id FROM login_sessions').pluck().all()).toEqual(expect.arrayContaining(logins))
    expect(database.prepare<[], string>('SELECT name FROM broker_sessions').pluck().all()).toEqual(tenants)
    database.close()
    expect(await overviewIds(after)).not.toContain('disk:control')
  })
})

async function overviewIds(server: ServerProcess): Promise<string[]> {
  const { attention } = (await (await server.call('/control/v1/overview')).json()) as { attention: { id: string }[] }
  return attention.map(({ id }) => id)
}

/** Ends a wait that will come to nothing. */
const patience = { timeout: 30_000 }

/** The lines that are for a person: the log beside them is JSON. */
function plainLines(server: ServerProcess): string[] {
  return server
    .stderr()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'))
}

describe('a start on a disk that refuses', () => {
  test('says in one line that the database cannot be read, leaves it alone, and serves the rooms that do without', async () => {
    const dataDir = await usedDataDir()
    const file = join(dataDir, 'wheelhouse.db')
    writeFileSync(file, 'no database, yet somebody’s only copy')
    const server = await start({ dataDir, env: { SESSION_STORAGE_TYPE: 'memory' } })
    await expect
      .poll(() => plainLines(server), patience)
      .toEqual([`wheelhouse: Wheelhouse keeps its data in ${dataDir}, and cannot read it: the file is damaged.`])
    expect((await fetch(url(server, 'browsers', '/sessions'))).status).toBe(200)
    expect(
      (
        await fetch(
          url(server, 'logins', '/api/v1/sessions'),
          json({ user_id: 'user-1', username: 'john_doe', role_name: 'admin', permissions: [] }),
        )
      ).status,
    ).toBe(201)
    const broker = await fetch(url(server, 'brokers', '/api/createSession'), json({ sessionName: 'tenant', password: 'harbor-demo' }))
    expect([broker.status, await broker.json()]).toEqual([
      507,
      expect.objectContaining({ success: false, error: expect.stringContaining('Brokers cannot be served') }),
    ])
    expect(await overviewIds(server)).toEqual(
      expect.arrayContaining(['disk:control', 'disk:brokers', 'room:brokers', 'room:bots', 'room:relay']),
    )
    expect(await server.end()).toBe(0)
    expect(readFileSync(file, 'utf8')).toBe('no database, yet somebody’s only copy')
  })

  test.each([
    ['brokers', 'broker_sessions', '/api/createSession', { sessionName: 'tenant', password: 'harbor-demo' }],
    ['bots', 'bots', '/api/sessions', { userId: 'bot_15550100123', phoneNumber: '15550100123' }],
    ['relay', 'relay_sessions', '/api/sessions', {}],
  ])('costs %s alone when a page of its own is damaged', async (room, table, path, body) => {
    const dataDir = await usedDataDir((server) =>
      server.call('/control/v1/users', { method: 'POST', json: { id: 'ann', primaryEmail: 'ann@example.test', credits: 5 } }),
    )
    damage(join(dataDir, 'wheelhouse.db'), table)
    const server = await start({ dataDir })
    const answer = await fetch(url(server, room, path), {
      ...json(body),
      headers: { 'content-type': 'application/json', 'x-user-id': 'ann' },
    })
    expect([answer.status, await answer.text()]).toEqual([507, expect.stringContaining('the file is damaged')])
    expect(
      (
        await fetch(
          url(server, 'logins', '/api/v1/sessions'),
          json({ user_id: 'user-1', username: 'john_doe', role_name: 'admin', permissions: [] }),
        )
      ).status,
    ).toBe(201)
    expect((await server.call('/control/v1/keys')).status).toBe(200)
    expect(await overviewIds(server)).toContain(`disk:${room}`)
    expect(await server.end()).toBe(0)
  })

  test('costs one room alone when what it kept makes no sense to it', async () => {
    const dataDir = await usedDataDir((server) =>
      fetch(url(server, 'brokers', '/api/createSession'), json({ sessionName: 'tenant', password: 'harbor-demo' })),
    )
    const database = openDatabase(join(dataDir, 'wheelhouse.db'))
    database.exec(`UPDATE broker_sessions SET policy = '{"durability": 7}'`)
    database.close()
    const server = await start({ dataDir })
    const answer = await fetch(url(server, 'brokers', '/api/createSession'), json({ sessionName: 'another', password: 'harbor-demo' }))
    expect([answer.status, await answer.json()]).toEqual([
      503,
      expect.objectContaining({ success: false, error: expect.stringContaining('Brokers cannot be served: ') }),
    ])
    expect((await fetch(url(server, 'bots', '/api/sessions'))).status).toBe(200)
    expect(await overviewIds(server)).toContain('room:brokers')
  })

  test('serves without the keys when their page is damaged: the owner is known, nobody else', async () => {
    let secret = ''
    const dataDir = await usedDataDir(async (server) => {
      const answer = await server.call('/control/v1/keys', {
        method: 'POST',
        json: { name: 'ci', scopes: [{ room: 'control', verb: 'read' }] },
      })
      secret = ((await answer.json()) as { secret: string }).secret
    })
    damage(join(dataDir, 'wheelhouse.db'), 'keys')
    const server = await start({ dataDir })
    expect((await server.call('/control/v1/keys')).status).toBe(200)
    expect((await server.call('/control/v1/apis', { headers: { authorization: `Bearer ${secret}` } })).status).toBe(401)
    expect((await fetch(url(server, 'brokers', '/openapi.json'))).status).toBe(200)
  })

  test('goes on without the files that only tell others where it runs', async () => {
    const dataDir = await usedDataDir()
    for (const name of ['runtime.json', 'server.pid']) {
      rmSync(join(dataDir, name), { force: true })
      mkdirSync(join(dataDir, name))
      writeFileSync(join(dataDir, name, 'in-the-way'), '')
    }
    const server = await start({ dataDir })
    expect((await fetch(`${server.ready.control.url}/control/v1/health`)).status).toBe(200)
    await expect.poll(() => plainLines(server), patience).toHaveLength(1)
    expect(await server.end()).toBe(0)
  })

  test('reads and writes where there is no room for what only speeds the database up', () => {
    const file = databaseWith('ann')
    symlinkSync(join(file, 'nowhere'), `${file}-shm`)
    const { database, has, refusal, close } = openHouseDatabase(file)
    expect([has, refusal?.kind]).toEqual(['all', 'not-allowed'])
    expect(userIds(database)).toEqual(['ann'])
    addUser(database, 'ben')
    close()
    rmSync(`${file}-shm`)
    expect(userIds(openDatabase(file))).toEqual(['ann', 'ben'])
  })

  test('reads what is there, its latest included, and stores nothing where the database cannot be brought to today’s form', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'wheelhouse.db')
    copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'databases', 'version-12.db'), file)
    // Where the copy goes that is made before the first change.
    mkdirSync(join(folder, 'wheelhouse.version-12.db.tmp'))
    const { database, has, close } = openHouseDatabase(file)
    expect(has).toBe('readable')
    expect(userIds(database)).toEqual(['user_1'])
    expect(() => addUser(database, 'ben')).toThrow(expect.objectContaining({ code: 'SQLITE_READONLY' }))
    close()
    expect(versionOf(openDatabase(file))).toBe(12)
  })
})

function databaseWith(user: string): string {
  const file = join(temporaryFolder(), 'wheelhouse.db')
  const database = openDatabase(file)
  migrate(database)
  addUser(database, user)
  database.close()
  return file
}

function addUser(database: Database, id: string): void {
  database.prepare('INSERT INTO users (id, primary_email, credits, created_at) VALUES (?, ?, 0, 0)').run(id, `${id}@example.test`)
}

function userIds(database: Database): string[] {
  return database.prepare<[], string>('SELECT id FROM users ORDER BY id').pluck().all()
}

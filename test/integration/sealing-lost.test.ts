/** A lost or changed sealing key: the house starts, says what is locked, and opens it again with the key, or gives it up, room by room. */
import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { sealingKeyFile } from '../../server/secrets/sealing-key.ts'
import { newDataDir, startServer, type ServerProcess } from '../fakes/server-process.ts'

const running: ServerProcess[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.dispose()
})

async function start(dataDir: string): Promise<ServerProcess> {
  const server = await startServer({ dataDir, env: { SESSION_STORAGE_TYPE: 'database' } })
  running.push(server)
  return server
}

const newLogin = (server: ServerProcess): Promise<Response> =>
  server.call(`${server.ready.apis['logins']?.url}/api/v1/sessions`, {
    method: 'POST',
    json: { user_id: 'user-1', username: 'john_doe', role_name: 'admin', permissions: [] },
  })
const isValid = async (server: ServerProcess, token: string): Promise<boolean> =>
  (
    (await (
      await server.call(`${server.ready.apis['logins']?.url}/api/v1/sessions/validate`, { method: 'POST', json: { token } })
    ).json()) as { is_valid: boolean }
  ).is_valid

/** A house in which logins and the relay have sealed something, stopped. */
async function sealedHouse(): Promise<{ dataDir: string; token: string; keyFile: string; key: Buffer }> {
  const dataDir = newDataDir()
  const server = await start(dataDir)
  const { token } = (await (await newLogin(server)).json()) as { token: string }
  const added = await server.call('/control/v1/upstreams', {
    method: 'POST',
    json: {
      name: 'odd',
      transport: 'stdio',
      command: process.execPath,
      args: ['--eval', ''],
      env: { SECRET: 'harbor-demo' },
      enabled: false,
    },
  })
  expect(added.status).toBe(201)
  await server.end()
  const keyFile = join(dataDir, sealingKeyFile)
  return { dataDir, token, keyFile, key: readFileSync(keyFile) }
}

interface Sealing {
  state: string
  reason: string | null
  locked: { room: string; what: string[] }[]
}

const sealing = async (server: ServerProcess): Promise<Sealing> => (await (await server.call('/control/v1/sealing-key')).json()) as Sealing
const attention = async (server: ServerProcess): Promise<{ id: string; title: string; action: string | null }[]> =>
  ((await (await server.call('/control/v1/overview')).json()) as { attention: { id: string; title: string; action: string | null }[] })
    .attention

describe.each([
  ['missing', (file: string) => rmSync(file)],
  ['broken', (file: string) => writeFileSync(file, '{"version":1')],
  [
    'changed',
    (file: string) => writeFileSync(file, JSON.stringify({ version: 1, kind: 'plain', key: randomBytes(32).toString('base64') })),
  ],
])('with a key that is %s', (state, lose) => {
  test('the house starts, names what is locked, and opens it again when the key is put back', async () => {
    const { dataDir, token, keyFile, key } = await sealedHouse()
    lose(keyFile)
    const server = await start(dataDir)
    const { locked, ...told } = await sealing(server)
    expect(told).toEqual({ state, reason: expect.any(String) })
    expect(locked.map(({ room }) => room).toSorted()).toEqual(['logins', 'relay'])
    expect((await attention(server)).map(({ id, action }) => [id, action])).toEqual(
      expect.arrayContaining([
        ['sealing-key', 'retry-sealing-key'],
        ['locked:logins', 'give-up-locked'],
        ['locked:relay', 'give-up-locked'],
      ]),
    )
    for (const room of ['brokers', 'browsers', 'bots'])
      expect((await server.call(`${server.ready.apis[room]?.url}/openapi.json`)).status).toBe(200)
    // No key takes the place of the one that is needed.
    if (state === 'missing') expect(() => readFileSync(keyFile)).toThrow()

    writeFileSync(keyFile, key)
    expect((await server.call('/control/v1/sealing-key/retry', { method: 'POST' })).status).toBe(200)
    expect(await sealing(server)).toEqual({ state: 'open', reason: null, locked: [] })
    expect((await attention(server)).filter(({ id }) => id.startsWith('locked:') || id === 'sealing-key')).toEqual([])
    expect(await isValid(server, token)).toBe(true)
    expect((await newLogin(server)).status).toBe(201)
  })

  test('a room gives up what is locked in it, alone, and makes new things again', async () => {
    const { dataDir, token, keyFile, key } = await sealedHouse()
    lose(keyFile)
    const server = await start(dataDir)
    const given = await server.call('/control/v1/sealing-key/give-up', { method: 'POST', json: { room: 'logins' } })
    expect([given.status, ((await given.json()) as Sealing).locked.map(({ room }) => room)]).toEqual([200, ['relay']])
    const made = await newLogin(server)
    expect(made.status).toBe(201)
    expect(await isValid(server, ((await made.json()) as { token: string }).token)).toBe(true)
    expect(await isValid(server, token)).toBe(false)
    expect((await server.call('/control/v1/sealing-key/give-up', { method: 'POST', json: { room: 'logins' } })).status).toBe(409)

    // Found after all: what was not given up opens beside what was sealed since.
    writeFileSync(join(dataDir, 'sealing-key.old.json'), key)
    expect((await server.call('/control/v1/sealing-key/retry', { method: 'POST' })).status).toBe(200)
    expect((await sealing(server)).locked).toEqual([])
    expect((await newLogin(server)).status).toBe(201)
  })
})

test('a login that cannot be made while the key is missing is refused in the contract’s shape, with what to do', async () => {
  const { dataDir, keyFile } = await sealedHouse()
  rmSync(keyFile)
  const server = await start(dataDir)
  const refused = await newLogin(server)
  expect([refused.status, await refused.json()]).toEqual([
    503,
    expect.objectContaining({ success: false, message: expect.stringMatching(/lock|key/i) }),
  ])
})

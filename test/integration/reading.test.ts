/**
 * Reading is not holding: every GET of every API, walked from its own description, with keys that read and keys that use; no secret of the
 * house comes back, and none stands readable on the disk.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { longestControl } from '../../server/http/rights.ts'
import { startServer, type ServerProcess } from '../fakes/server-process.ts'

const rooms = ['brokers', 'browsers', 'bots', 'logins', 'relay'] as const

interface Described {
  paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] } | undefined>>
}

/** Fills every room with things that carry secrets; returns what no reader may see, and ids for the paths. */
async function furnish(house: ServerProcess): Promise<{ secrets: Record<string, string>; ids: Record<string, string> }> {
  const at = (room: string): string => String(house.ready.apis[room]?.url)
  const post = async <Answer>(path: string, json: object, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await house.call(path, { method: 'POST', json, headers })
    expect(response.status, `${path}: ${await response.clone().text()}`).toBeLessThan(300)
    return (await response.json()) as Answer
  }
  await post('/control/v1/users', { id: 'ann', primaryEmail: 'ann@example.test', credits: 10 })
  const relay = await post<{ data: { sessionId: string } }>(`${at('relay')}/api/sessions`, {}, { 'x-user-id': 'ann' })
  const upstream = await post<{ id: string }>('/control/v1/upstreams', {
    name: 'yard',
    transport: 'stdio',
    command: 'node',
    args: ['yard.js', 'canary-argument'],
    env: { KEY: 'canary-variable' },
    enabled: false,
  })
  await post('/control/v1/upstreams', {
    name: 'berths',
    transport: 'http',
    url: 'https://berths.example/s/canary-path?key=canary-query',
    headers: { 'x-key': 'canary-header' },
    enabled: false,
  })
  const broker = await post<{ secretKey: string }>(`${at('brokers')}/api/createSession`, {
    sessionName: 'quay',
    password: 'canary-password',
  })
  const login = await post<{ token: string; session_id: string }>(`${at('logins')}/api/v1/sessions`, {
    user_id: 'user-1',
    username: 'ann',
    role_name: 'user',
    permissions: [],
    device_info: 'test',
    ip_address: '127.0.0.1',
  })
  const user = await post<{ id: string }>(`${at('logins')}/v1/users`, { username: 'bea', role: 'user', password: 'canary-of-bea' })
  await post(`${at('bots')}/v1/bots`, {
    userId: 'gate',
    phoneNumber: '15550100142',
    proxy: 'http://harbor:canary-proxy@proxy.example:3128',
  })
  const hook = await post<{ secret: string; webhook: { id: string } }>(`${at('bots')}/api/sessions/gate/webhooks`, {
    url: 'https://hooks.example/services/canary-hook?token=canary-token',
  })
  const rule = await post<{ id: string; secret: string }>(`${at('brokers')}/v1/sessions/quay/rules`, {
    ...{ name: 'arrivals', filter: '#' },
    action: { type: 'webhook', url: 'https://berths.example/canary-rule?token=canary-rule', headers: { 'x-token': 'canary-header' } },
  })
  await house.call('/control/v1/site-profiles/harbor', {
    method: 'PUT',
    json: { title: 'Harbor', kind: 'none', address: 'https://harbor:canary-of-site@harbor.example/login' },
  })
  const key = await post<{ id: string; secret: string }>('/control/v1/keys', { name: 'other', rights: ['brokers:use'] })
  const link = await post<{ url: string }>('/control/v1/sign-in-links', {})
  return {
    secrets: {
      canary: 'canary-',
      address: relay.data.sessionId,
      broker: broker.secretKey,
      token: login.token,
      hook: hook.secret,
      rule: rule.secret,
      key: key.secret,
      owner: house.token,
      link: new URL(link.url).hash || 'no-link',
    },
    ids: {
      userId: 'gate',
      userID: 'user-1',
      sessionID: login.session_id,
      id: upstream.id,
      name: 'quay',
      sessionName: 'quay',
      webhook: hook.webhook.id,
      rule: rule.id,
      accountId: 'ann',
      user: user.id,
    },
  }
}

async function readAll(
  house: ServerProcess,
  key: string,
  ids: Record<string, string>,
): Promise<{ route: string; status: number; text: string }[]> {
  const answers = []
  for (const api of ['control', ...rooms]) {
    const base = api === 'control' ? house.ready.control.url : String(house.ready.apis[api]?.url)
    const described = (await (await fetch(`${base}/openapi.json`)).json()) as Described
    for (const [path, methods] of Object.entries(described.paths)) {
      if (methods['get'] === undefined) continue
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(name === 'id' && api === 'logins' ? String(ids['sessionID']) : (ids[name] ?? 'harbor')),
      )
      const gone = new AbortController()
      const response = await fetch(base + filled, {
        headers: { 'x-api-key': key, 'x-user-id': 'ann' },
        signal: gone.signal,
        redirect: 'manual',
      })
      // A stream has no end; what it has to say comes from the events, which are read as a list too.
      const isStream = /^(text\/event-stream|application\/x-ndjson)/.test(response.headers.get('content-type') ?? '')
      answers.push({ route: `${api} ${path}`, status: response.status, text: isStream ? '' : await response.text() })
      gone.abort()
    }
  }
  return answers
}

test('no GET of any API hands out a secret, whether the key reads, uses or manages', async () => {
  const house = await startServer({ args: ['--whatsapp-url', 'ws://127.0.0.1:9'] })
  onTestFinished(() => house.dispose())
  const { secrets, ids } = await furnish(house)
  const apis = ['control', ...rooms]
  const keys: Record<string, object> = {
    'older, reading': { scopes: apis.map((room) => ({ room, verb: 'read' })) },
    'older, writing': {
      scopes: apis.flatMap((room) => [
        { room, verb: 'read' },
        { room, verb: 'write' },
      ]),
    },
    using: { rights: [...rooms.map((room) => `${room}:use`), 'activity:use', 'control:use'] },
    managing: {
      rights: [...rooms.map((room) => `${room}:manage`), 'activity:use', 'control:manage'],
      expiresAt: new Date(Date.now() + longestControl).toISOString(),
    },
  }
  for (const [name, wanted] of Object.entries(keys)) {
    const made = (await (await house.call('/control/v1/keys', { method: 'POST', json: { name, ...wanted } })).json()) as { secret: string }
    const answers = await readAll(house, made.secret, ids)
    expect(answers.length).toBeGreaterThan(50)
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(20)
    // What is kept back is kept back in places that were read.
    const all = answers.map(({ text }) => text).join('\n')
    for (const place of ['berths.example', ...(name === 'older, writing' || name === 'managing' ? ['hooks.example/services'] : [])])
      expect(all).toContain(place)
    for (const [what, secret] of Object.entries(secrets)) {
      // The published list of a session's own account names it in full to who may use sessions.
      const holding = answers.filter(
        ({ route, text }) => text.includes(secret) && !(what === 'address' && name !== 'older, reading' && route === 'relay /api/sessions'),
      )
      expect(
        holding.map(({ route }) => route),
        `${what} read by the key ${name}`,
      ).toEqual([])
    }
  }
  await house.end()
  const onDisk = readdirSync(house.dataDir)
    .filter((name) => name.startsWith('wheelhouse.db'))
    .map((name) => readFileSync(join(house.dataDir, name), 'latin1'))
    .join('\n')
  for (const [what, secret] of Object.entries(secrets)) expect(onDisk.includes(secret), `${what} on the disk`).toBe(false)
})

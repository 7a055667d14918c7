/** The relay served over HTTP with real accounts, database and guards. */
import type { Clock } from '../../server/clock.ts'
import type { SettingsPatch } from '../../server/config/settings.ts'
import { createUsers, type Users } from '../../server/control/users.ts'
import { createRelayRoom, type RelayGiven, type RelayRoom } from '../../server/relay/index.ts'
import { createRoomContext, type TestContext } from './room-context.ts'
import { serveApi } from './served-api.ts'
import { ownerStanding } from '../../server/http/rights.ts'

export interface ServedRelay {
  url: string
  room: RelayRoom
  users: Users
  context: TestContext
  /** A call as the account, or as nobody when null. */
  call(method: string, path: string, options?: { user?: string | null; body?: unknown; headers?: Record<string, string> }): Promise<Reply>
  /** A session address of the account. */
  session(options?: { user?: string; body?: unknown; headers?: Record<string, string> }): Promise<{ sessionId: string; sessionUrl: string }>
  stop(): Promise<void>
}

export interface Reply {
  status: number
  headers: Headers
  // Tests look into answers by name and fail by their own expectations.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any
}

export interface ServeOptions {
  clock?: Clock
  settings?: SettingsPatch
  dataDir?: string
  sealingKey?: Uint8Array
  given?: Partial<RelayGiven>
}

export const relayKey = 'a-key-for-tests'

export async function serveRelay({ clock, settings = {}, dataDir, sealingKey, given = {} }: ServeOptions = {}): Promise<ServedRelay> {
  const context = createRoomContext({
    ...(clock ? { clock } : {}),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(sealingKey === undefined ? {} : { sealingKey }),
    settings,
  })
  const users = createUsers({ database: context.database, clock: context.clock, events: context.events })
  if (users.find('ann') === undefined) users.create({ id: 'ann', primaryEmail: 'ann@example.test', credits: 350 }, 'owner')
  let address = (): string => ''
  const room = createRelayRoom(context, {
    accounts: users,
    publicUrl: () => null,
    callbackUrl: () => `${address()}/oauth/callback`,
    ...given,
  })
  await room.start()
  const served = await serveApi(await room.api.load(), {
    authority: {
      byKey: (secret) =>
        secret === relayKey ? { caller: { kind: 'owner' }, standing: ownerStanding, may: () => true, used: () => {} } : null,
      byCookie: () => null,
    },
  })
  address = () => served.url
  const call: ServedRelay['call'] = async (method, path, { user = 'ann', body, headers = {} } = {}) => {
    const response = await fetch(served.url + path, {
      method,
      headers: {
        ...(path.startsWith('/v1/') ? { 'x-api-key': relayKey } : {}),
        ...(user === null ? {} : { 'x-user-id': user }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text !== '' && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text,
    }
  }
  return {
    url: served.url,
    room,
    users,
    context,
    call,
    async session({ user = 'ann', body = {}, headers = {} } = {}) {
      const reply = await call('POST', '/api/sessions', { user, body, headers })
      if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
      return reply.body.data
    },
    async stop() {
      await room.stop()
      await served.stop()
      context.dispose()
    },
  }
}

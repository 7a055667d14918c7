/** The logins room: what it is made of. */
import { iso } from '../clock.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import type { Room, RoomContext } from '../room.ts'
import { createActivity } from './activity.ts'
import { createLoginsApi } from './api.ts'
import { createAttemptGuard } from './attempts.ts'
import { createInspector } from './inspect.ts'
import { createSqliteKeyStore, type KeyStore } from './keys-store.ts'
import { createSigningKeys } from './keys.ts'
import { policyOf, type LoginVariables, type Policy } from './policy.ts'
import { connectRedis, type RedisConnection } from './redis-connection.ts'
import { createRedisKeyStore } from './redis-keys-store.ts'
import { createRedisStore } from './redis-store.ts'
import { createRevocations, type Every } from './revocations.ts'
import { createSessions, type Sessions } from './service.ts'
import { stateOf, type Session, type SessionState } from './session.ts'
import type { SessionStore } from './session-store.ts'
import { createSqliteStore } from './store.ts'
import { startSweep } from './sweep.ts'
import { createLoginUserStore } from './users-store.ts'
import { createLoginUsers } from './users.ts'

export interface LoginsRoomGiven {
  /** The variables the contract names; the settings count where they are null or not given. */
  variables?: LoginVariables | undefined
  /** Node's timers when not given. */
  every?: Every
}

export interface LoginsRoom extends Room {
  sessions: Sessions
  /** What is true of a session now. */
  stateOf(session: Session): SessionState
}

export async function createLoginsRoom(context: RoomContext, { variables, every = systemEvery }: LoginsRoomGiven = {}): Promise<LoginsRoom> {
  const { database, sealer, clock, events, log, settings } = context
  const policy = (): Policy => policyOf(settings.current().logins, variables)
  const kept = await openStores(context, variables)
  const { store } = kept
  const keys = createSigningKeys({ store: kept.keys ?? createSqliteKeyStore(database, sealer), clock, events })
  const activity = createActivity({ store, policy, log })
  const sessions = createSessions({ store, keys, activity, policy, clock, events })
  const users = createLoginUsers({ store: createLoginUserStore(database), attempts: createAttemptGuard(kept.redis?.client), clock, events })
  const revocations = createRevocations({ store, keys, policy, clock, log, every })
  const changed = (): void => {
    context.changed('logins')
    context.changed('overview')
  }
  const sweep = startSweep({ store, policy, clock, log, changed })
  const inspect = createInspector({ keys, store, policy, clock })

  const startKeys = (): Promise<void> => keys.start().catch((error: unknown) => log.warn({ error: String(error) }, 'the signing keys cannot be read yet'))
  const unsubscribe = store.onState(() => {
    if (store.state().up) void startKeys()
    changed()
  })

  return {
    name: 'logins',
    sessions,
    stateOf: (session) => stateOf(session, clock.now(), policy().idleTimeout),
    api: createLoginsApi({ sessions, users, keys, store, revocations, inspect, policy, clock, nextCleanupAt: sweep.nextAt }),
    async start() {
      await store.start()
      await startKeys()
      sweep.start()
    },
    async stop() {
      sweep.stop()
      unsubscribe()
      revocations.stop()
      await activity.stop()
      keys.stop()
      await store.stop()
      kept.close()
    },
    summary() {
      const { maxConcurrent } = policy().limit('')
      return { room: 'logins', count: sweep.live(), unit: 'active', text: `${store.kind === 'memory' ? 'in memory' : store.kind === 'redis' ? 'in Redis' : 'in the database'}, at most ${maxConcurrent} per user`, rateTitle: 'Validations', ratePer: 's', total: sessions.validations() }
    },
    attention() {
      const state = store.state()
      if (state.up) return []
      return [{ id: 'logins:store', room: 'logins', tone: 'bad', title: 'Redis cannot be reached', text: `No login can be made or validated: ${state.error}. It is tried again by itself.`, since: iso(state.since), action: null, subject: null }]
    },
  }
}

/** Keeps no process alive. */
const systemEvery: Every = (ms, work) => {
  const timer = setInterval(work, ms).unref()
  return () => clearInterval(timer)
}

interface Stores {
  store: SessionStore
  /** null: in the house's database. */
  keys: KeyStore | null
  redis: RedisConnection | null
  close(): void
}

async function openStores({ database, clock, log, settings }: RoomContext, variables: LoginVariables | undefined): Promise<Stores> {
  const kind = variables?.sessionStorageType ?? settings.current().logins.storage
  if (kind === 'redis') {
    const url = variables?.redisUrl ?? 'redis://127.0.0.1:6379'
    const redis = await connectRedis({ url, clock, log })
    return { store: createRedisStore(redis, log), keys: createRedisKeyStore(redis, url, log), redis, close: () => undefined }
  }
  if (kind === 'database') return { store: createSqliteStore({ database, kind, log }), keys: null, redis: null, close: () => undefined }
  // The same tables and rules, in memory only.
  const memory = openDatabase(':memory:')
  migrate(memory)
  return { store: createSqliteStore({ database: memory, kind, log }), keys: null, redis: null, close: () => memory.close() }
}

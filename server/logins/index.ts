/** The logins room: what it is made of. */
import { systemClock, type Clock } from '../clock.ts'
import { openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'
import { LazyApi } from '../http/lazy-api.ts'
import type { Room, RoomContext } from '../room.ts'
import { createActivity } from './activity.ts'
import { createAttemptGuard } from './users/attempts.ts'
import { createMemoryAttempts } from './users/attempts-memory.ts'
import { createRedisAttempts } from './users/attempts-redis.ts'
import { adoptUsers } from './users/adopt-users.ts'
import { concernsOf, type LoginFacts } from './report.ts'
import { createInspector } from './tokens/inspect.ts'
import { createSqliteKeyStore, lastSigningIn, type KeyStore } from './keys/keys-store.ts'
import { createSigningKeys } from './keys/signing-keys.ts'
import { policyOf, type LoginVariables, type Policy } from './policy.ts'
import { connectRedis, type RedisConnection, type RedisConnectionGiven } from './store/redis-connection.ts'
import { createRedisKeyStore } from './keys/redis-keys-store.ts'
import { createRedisStore } from './store/redis-store.ts'
import { createRedisUserStore } from './users/redis-users-store.ts'
import { createRevocations, type Every } from './revocations.ts'
import { createSessions } from './service.ts'
import type { Sessions } from './sessions.ts'
import { stateOf, type Session, type SessionState } from './session.ts'
import type { SessionStore } from './store/session-store.ts'
import { createSqliteStore } from './store/sqlite-store.ts'
import { startSweep } from './sweep.ts'
import { createLoginUserStore } from './users/users-store.ts'
import { createLoginUsers, type Passwords } from './users/users.ts'

export interface LoginsRoomGiven {
  /** The variables the contract names; the settings count where they are null or not given. */
  variables?: LoginVariables | undefined
  /** Node's timers when not given. */
  every?: Every
  /** scrypt when not given. */
  passwords?: Passwords
  /** The machine's when not given; compared with that of Redis and with nothing else. */
  wallTime?(): number
  /** Ms that a start waits for its Redis; a second when not given. */
  waitAtStart?: number
}

export interface LoginsRoom extends Room {
  sessions: Sessions
  /** What is true of a session now. */
  stateOf(session: Session): SessionState
}

export async function createLoginsRoom(
  context: RoomContext,
  { variables, every = systemEvery, passwords, wallTime = systemClock.now, waitAtStart = shortWait }: LoginsRoomGiven = {},
): Promise<LoginsRoom> {
  const { database, sealer, events, log, settings } = context
  const policy = (): Policy => policyOf(settings.current().logins, variables)
  const kept = await openStores(context, variables, { wallTime, waitAtStart })
  const { store } = kept
  const clock = sharedClock(context.clock, kept.redis)
  const startedAt = clock.now()
  const keys = createSigningKeys({ store: kept.keys ?? createSqliteKeyStore(database, sealer), clock, events, log })
  const activity = createActivity({ store, policy, log })
  const sessions = createSessions({ store, keys, activity, policy, clock, events })
  const localUsers = createLoginUserStore(database)
  const sharedUsers = kept.redis === null ? null : createRedisUserStore(kept.redis)
  const attempts = createAttemptGuard(kept.redis === null ? createMemoryAttempts(clock) : createRedisAttempts(kept.redis))
  const users = createLoginUsers({
    store: sharedUsers ?? localUsers,
    attempts,
    endSessions: (id, actor) => sessions.endAll(id, null, actor),
    ...(passwords === undefined ? {} : { passwords }),
    clock,
    events,
  })
  const revocations = createRevocations({ store, keys, policy, clock, log, every })
  const changed = (): void => {
    context.changed('logins')
    context.changed('overview')
  }
  const sweep = startSweep({ store, policy, clock, log, changed })
  const inspect = createInspector({ keys, store, policy, clock })

  let trouble = ''
  /** Whatever has to wait for the store; tried again when it is back. */
  async function begin(): Promise<void> {
    const before = trouble
    try {
      await keys.start()
      if (sharedUsers !== null && store.state().up) await adoptUsers(localUsers, sharedUsers, log)
      trouble = ''
    } catch (error) {
      trouble = String(error)
      if (trouble !== before) log.warn({ error: trouble }, 'the signing keys, or the users, cannot be read yet')
    }
    changed()
  }
  let stopTrying = (): void => undefined
  let unsubscribe = (): void => undefined

  return {
    name: 'logins',
    sessions,
    stateOf: (session) => stateOf(session, clock.now(), policy().idleTimeout),
    api: new LazyApi(async () => {
      const { createLoginsApi } = await import('./api/index.ts')
      return createLoginsApi({ sessions, users, keys, store, revocations, inspect, policy, clock, nextCleanupAt: sweep.nextAt })
    }),
    async start() {
      unsubscribe = store.onState(() => {
        if (store.state().up) void begin()
        else changed()
      })
      await store.start()
      await begin()
      revocations.start()
      sweep.start()
      // What the disk refused, or what could not be sealed, may be mended without a word to us.
      stopTrying = every(tryAgainEvery, () => {
        if (store.state().up && keys.state() === 'unread') void begin()
      })
    },
    async stop() {
      stopTrying()
      sweep.stop()
      unsubscribe()
      revocations.stop()
      await activity.stop()
      keys.stop()
      await store.stop()
    },
    summary: () => ({
      room: 'logins',
      count: sweep.live(),
      facts: { active: sweep.live(), storage: store.kind, mostPerUser: policy().limit('').maxConcurrent } satisfies LoginFacts,
      ratePer: 's',
      total: sessions.validations(),
    }),
    attention: () => concernsOf({ store, keys, startedAt, now: clock.now(), ahead: kept.redis?.ahead() ?? null }),
    locked() {
      const count = keys.shared ? 0 : keys.locked().length
      return count === 0 ? [] : [{ kind: 'signing-keys', count }]
    },
    giveUpLocked: async () => void (await sessions.giveUpKeys('owner')),
  }
}

const tryAgainEvery = 5_000
/** A start must not wait for a Redis that is away. */
const shortWait = 1_000

/** Keeps no process alive. */
const systemEvery: Every = (ms, work) => {
  const timer = setInterval(work, ms).unref()
  return () => clearInterval(timer)
}

/**
 * Servers that share logins go by one clock, that of their Redis: with two, whoever refreshes here and there within seconds would look like
 * a thief.
 */
function sharedClock(own: Clock, redis: RedisConnection | null): Clock {
  return redis === null ? own : { now: () => own.now() - (redis.ahead() ?? 0), monotonic: own.monotonic }
}

interface Stores {
  store: SessionStore
  /** null: in the house's database. */
  keys: KeyStore | null
  redis: RedisConnection | null
}

async function openStores(
  { database, clock, log, settings }: RoomContext,
  variables: LoginVariables | undefined,
  given: Pick<RedisConnectionGiven, 'wallTime' | 'waitAtStart'>,
): Promise<Stores> {
  const kind = variables?.sessionStorageType ?? settings.current().logins.storage
  if (kind === 'redis') {
    const url = variables?.redisUrl ?? 'redis://127.0.0.1:6379'
    const redis = await connectRedis({ url, clock, log, ...given })
    return { store: createRedisStore(redis, log), keys: createRedisKeyStore(redis, lastSigningIn(database, 'redis'), log), redis }
  }
  if (kind === 'database') return { store: createSqliteStore({ database, kind, log }), keys: null, redis: null }
  // The same tables and rules, in memory only; there until the process ends, so that a restart of the room in place costs nobody's login.
  const memory = openDatabase(':memory:')
  migrate(memory)
  return { store: createSqliteStore({ database: memory, kind, log }), keys: null, redis: null }
}

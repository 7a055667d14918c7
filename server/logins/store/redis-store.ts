/**
 * Sessions in Redis, shared by all servers that use it. Nothing is kept here: what another server ended is over at the next request.
 *
 * A change reads the user's sessions with their revision, decides, and writes only if the revision is still the same; else it starts over.
 */
import { createSignal } from '../../async/signal.ts'
import type { Log } from '../../log.ts'
import type { RedisClient } from './redis-client.ts'
import type { RedisConnection } from './redis-connection.ts'
import { commitScript, readScript, removeScript, touchScript } from './redis-scripts.ts'
import { createTopK } from './top-k.ts'
import { isLive, type Session } from '../session.ts'
import { orderOf, worthAnnouncing, type Moment, type PageQuery, type SessionFilter, type SessionStore } from './session-store.ts'

/** Rows read, or removed, in one go: Redis serves one at a time, and so do we. */
const rowsAtOnce = 500
/** Within one server changes of a user queue up, so only other servers can be faster; that many of them in a row is no chance. */
const mostTries = 50

export function createRedisStore(redis: RedisConnection, log: Pick<Log, 'error'>): SessionStore {
  const { prefix } = redis
  const changes = createSignal<[readonly Session[]]>((error) =>
    log.error({ error: String(error) }, 'a listener to changed sessions failed'),
  )
  const queues = new Map<string, Promise<unknown>>()
  let unsubscribe = (): void => undefined

  async function load(client: RedisClient, ids: readonly string[]): Promise<Session[]> {
    const entries = await Promise.all(ids.map((id) => client.hmget(`${prefix}s:${id}`, 'j', 'la')))
    return entries.flatMap(([json, active]) => (json == null ? [] : [sessionOf(json, active)]))
  }

  async function changeOnce<Result>(
    userId: string,
    scope: 'all' | { session: string },
    decide: Parameters<SessionStore['change']>[2],
  ): Promise<{ done: true; result: Result } | { done: false }> {
    const found = await redis.script(readScript, prefix, userId, scope === 'all' ? '' : scope.session)
    const [revision = '', ...entries] = Array.isArray(found) ? found.map(String) : []
    const before: Session[] = []
    for (let index = 0; index < entries.length; index += 2) before.push(sessionOf(entries[index] ?? '', entries[index + 1] ?? null))
    const own = before.filter((session) => session.userId === userId)
    // The caller's own decision, whose type the signature of `change` states.
    const { put, result } = decide(own) as { put: readonly Session[]; result: Result }
    if (put.length === 0) return { done: true, result }
    const announced = worthAnnouncing(own, put)
    const rows = put.flatMap((session) => [
      session.id,
      JSON.stringify(session),
      session.createdAt,
      session.expiresAt,
      session.lastActivity,
      session.endedAt ?? '',
    ])
    const won = await redis.script(commitScript, prefix, userId, revision, announced.length > 0 ? JSON.stringify(announced) : '', ...rows)
    return won === 1 ? { done: true, result } : { done: false }
  }

  function inTurn<Result>(userId: string, work: () => Promise<Result>): Promise<Result> {
    const turn = (queues.get(userId) ?? Promise.resolve()).then(work, work)
    const settled = turn
      .catch(() => undefined)
      .then(() => {
        if (queues.get(userId) === settled) queues.delete(userId)
      })
    queues.set(userId, settled)
    return turn
  }

  /** Sets that are sorted by one thing cannot be searched for another: all are looked at. */
  async function* scan(filter: SessionFilter, moment: Moment): AsyncGenerator<readonly Session[]> {
    const matches = matcher(filter, moment)
    // Redis may name one twice while its table grows or shrinks.
    const seen = new Set<string>()
    let cursor = '0'
    do {
      const [next, found] = await redis.run((client) => client.zscan(`${prefix}created`, cursor, 'COUNT', rowsAtOnce))
      cursor = next
      const fresh = found.filter((id, index) => index % 2 === 0 && !seen.has(id))
      for (const id of fresh) seen.add(id)
      yield (await redis.run((client) => load(client, fresh))).filter(matches)
    } while (cursor !== '0')
  }

  async function sortedPage(
    set: 'created' | 'active',
    { descending, offset, limit }: PageQuery,
  ): Promise<{ sessions: Session[]; total: number }> {
    return redis.run(async (client) => {
      const range = [offset, offset + limit - 1] as const
      const [total, ids] = await Promise.all([
        client.zcard(`${prefix}created`),
        descending ? client.zrevrange(`${prefix}${set}`, ...range) : client.zrange(`${prefix}${set}`, ...range),
      ])
      return { sessions: await load(client, ids), total }
    })
  }

  return {
    kind: 'redis',
    scan,
    find: (id) =>
      redis.run(async (client) => {
        const [json, active] = await client.hmget(`${prefix}s:${id}`, 'j', 'la')
        return json == null ? null : sessionOf(json, active)
      }),

    change: <Result>(userId: string, scope: 'all' | { session: string }, decide: Parameters<SessionStore['change']>[2]) =>
      inTurn(userId, async () => {
        for (let tries = 0; tries < mostTries; tries += 1) {
          const outcome = await changeOnce<Result>(userId, scope, decide)
          if (outcome.done) return outcome.result
        }
        throw new Error(`the sessions of one user changed ${mostTries} times in a row`)
      }),

    async touch(times) {
      const all = [...times]
      for (let begin = 0; begin < all.length; begin += rowsAtOnce) {
        const some = all.slice(begin, begin + rowsAtOnce).flatMap(([id, time]) => [id, time])
        await redis.script(touchScript, prefix, ...some)
      }
    },

    ofUser: (userId) => redis.run(async (client) => load(client, await client.zrevrange(`${prefix}u:${userId}`, 0, -1))),

    async page(query, moment) {
      const { filter, sort, descending, offset, limit } = query
      const all = Object.values(filter).every((wanted) => wanted === undefined)
      if (all && (sort === 'createdAt' || sort === 'lastActivity')) return sortedPage(sort === 'createdAt' ? 'created' : 'active', query)
      const topK = createTopK<{ id: string; key: string | number; session: Session }>(offset + limit, orderOf(descending))
      for await (const some of scan(filter, moment)) {
        for (const session of some) topK.add({ id: session.id, key: session[sort], session })
      }
      return {
        sessions: topK
          .first()
          .slice(offset)
          .map(({ session }) => session),
        total: topK.total(),
      }
    },

    live: ({ now }) => redis.run((client) => client.zcount(`${prefix}expiry`, `(${now}`, '+inf')),

    async counts({ now, idleTimeout }) {
      const [total, ended, inTime, late, users] = await redis.run((client) =>
        Promise.all([
          client.zcard(`${prefix}created`),
          client.zcard(`${prefix}ended`),
          client.zcount(`${prefix}expiry`, `(${now}`, '+inf'),
          client.zcount(`${prefix}expiry`, '-inf', now),
          client.zcount(`${prefix}users`, `(${now}`, '+inf'),
        ]),
      )
      if (idleTimeout === null) return { total, live: inTime, expired: late, ended, users }
      const live = new Set<string>()
      const liveUsers = new Set<string>()
      for await (const some of scan({ state: 'live' }, { now, idleTimeout })) {
        for (const { id, userId } of some) {
          live.add(id)
          liveUsers.add(userId)
        }
      }
      return { total, live: live.size, expired: inTime + late - live.size, ended, users: liveUsers.size }
    },

    series: (from, span, count) =>
      redis.run(async (client) => {
        const countIn = (set: string) =>
          Promise.all(
            Array.from({ length: count }, (_, slot) =>
              client.zcount(`${prefix}${set}`, from + slot * span, `(${from + (slot + 1) * span}`),
            ),
          )
        const [created, ended] = await Promise.all([countIn('created'), countIn('ended')])
        return { created, ended }
      }),

    async *endedSince(since, now) {
      const ids = await redis.run((client) => client.zrangebyscore(`${prefix}ended`, since, '+inf'))
      for (let begin = 0; begin < ids.length; begin += rowsAtOnce) {
        const some = await redis.run((client) => load(client, ids.slice(begin, begin + rowsAtOnce)))
        yield some.filter(({ expiresAt }) => expiresAt > now)
      }
    },

    async removeOver(before) {
      let removed = 0
      for (;;) {
        const some = Number(await redis.script(removeScript, prefix, before, rowsAtOnce))
        removed += some
        if (some === 0) return removed
      }
    },

    onChange: changes.subscribe,
    state: redis.state,
    onState: redis.onState,
    start() {
      unsubscribe()
      // Published by the commit script from sessions of ours.
      unsubscribe = redis.onMessage('changed', (message) => changes.emit(JSON.parse(message) as Session[]))
      return redis.start()
    },
    async stop() {
      unsubscribe()
      await redis.stop()
    },
  }
}

function matcher({ text, userId, role, state, createdAfter }: SessionFilter, { now, idleTimeout }: Moment): (session: Session) => boolean {
  const part = text?.toLowerCase()
  return (session) =>
    (userId === undefined || session.userId === userId) &&
    (role === undefined || session.roleName === role) &&
    (createdAfter === undefined || session.createdAt >= createdAfter) &&
    (state === undefined || (state === 'unended' ? session.endedAt === null : isLive(session, now, idleTimeout) === (state === 'live'))) &&
    (part === undefined ||
      [session.username, session.userId, session.id, session.address, session.device, session.reportedAddress, session.reportedDevice].some(
        (field) => field?.toLowerCase().includes(part) === true,
      ))
}

function sessionOf(json: string, active: string | null | undefined): Session {
  // Written by the commit script from a session of ours.
  const session = JSON.parse(json) as Session
  return { ...session, lastActivity: Math.max(session.lastActivity, Number(active ?? 0)) }
}
